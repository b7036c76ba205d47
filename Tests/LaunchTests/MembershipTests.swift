import Testing
import ddp_launch

/// With how many workers a job goes on.
@Suite struct MembershipTests {
  private func membership(
    _ workers: ClosedRange<Int>?, hosts: Int = 1, restarts: Int = 0
  ) -> Membership {
    Membership(workers: workers, fewestHosts: hosts, maxRestarts: restarts)
  }

  @Test func `a job without a range is restarted as often as it may be, and ends`() {
    var job = membership(nil, restarts: 2)
    #expect(job.failed(on: "", hasSaved: true) == .again(1))
    #expect(job.failed(on: "", hasSaved: true) == .again(2))
    #expect(job.failed(on: "", hasSaved: true) == .over)
    #expect(job.workers(of: "", outOf: 4) == 4 && !job.isShort)
  }

  @Test func `where restarts are used up it goes on with one worker fewer, down to the fewest`() {
    var job = membership(2...4, restarts: 1)
    var counts: [Int] = []
    var decisions: [Membership.Decision] = []
    for _ in 0..<6 {
      decisions.append(job.failed(on: "", hasSaved: false))
      counts.append(job.workers(of: "", outOf: 4))
    }
    #expect(decisions == [.again(1), .fewer, .again(1), .fewer, .again(1), .over])
    #expect(counts == [4, 3, 3, 2, 2, 2])
  }

  @Test func `what it is given back is kept once a checkpoint is saved`() {
    var job = membership(1...3)
    #expect(job.failed(on: "", hasSaved: true) == .fewer)
    #expect(job.failed(on: "", hasSaved: true) == .fewer)
    job.grow()
    #expect(job.workers(of: "", outOf: 3) == 2 && job.isShort)
    job.grow()
    #expect(job.workers(of: "", outOf: 3) == 3 && !job.isShort)
    #expect(job.failed(on: "", hasSaved: true) == .fewer)
    #expect(job.workers(of: "", outOf: 3) == 2)
  }

  @Test func `more workers that fail before a checkpoint are given up, and asked for ever later`() {
    var job = membership(1...3, restarts: 5)
    for number in 1...5 { #expect(job.failed(on: "", hasSaved: true) == .again(number)) }
    #expect(job.failed(on: "", hasSaved: true) == .fewer)
    #expect(job.patience(60) == 60)
    for patience in [120.0, 240, 480] {
      job.grow()
      #expect(job.failed(on: "", hasSaved: false) == .back)
      #expect(job.workers(of: "", outOf: 3) == 2 && job.patience(60) == patience)
    }
    for _ in 0..<60 {
      job.grow()
      #expect(job.failed(on: "", hasSaved: false) == .back)
    }
    #expect(job.patience(60) == 3600 && job.patience(7200) == 7200 && job.patience(0) == 0)
    #expect(job.patience(.infinity) == .infinity)
    // One that works makes up for those that did not.
    job.grow()
    #expect(job.failed(on: "", hasSaved: true) == .again(1))
    #expect(job.patience(60) == 60)
  }

  @Test func `a host that is lost is done without where fewer are allowed`() {
    var job = membership(nil, hosts: 1)
    #expect(
      job.failed(on: "b", isHostLost: true, hosts: 2, hasSaved: false) == .withoutHost("b"))
    #expect(job.gone == ["b"] && job.isShort)
    #expect(job.failed(on: "a", isHostLost: true, hosts: 1, hasSaved: false) == .over)
    job.grow()
    #expect(job.gone.isEmpty)
    var all = membership(nil, hosts: 2)
    #expect(all.failed(on: "b", isHostLost: true, hosts: 2, hasSaved: false) == .over)
  }

  @Test func `each host gives up workers of its own, and a failure of nobody's ends the job`() {
    var job = membership(1...2, hosts: 2)
    #expect(job.failed(on: "b", hosts: 2, hasSaved: true) == .fewer)
    #expect(job.workers(of: "a", outOf: 2) == 2 && job.workers(of: "b", outOf: 2) == 1)
    #expect(job.failed(on: "b", hosts: 2, hasSaved: true) == .over)
    #expect(job.failed(on: nil, hosts: 2, hasSaved: true) == .over)
    #expect(job.failed(on: "a", hosts: 2, hasSaved: true) == .fewer)
    job.grow()
    #expect(job.lost.isEmpty)
  }
}
