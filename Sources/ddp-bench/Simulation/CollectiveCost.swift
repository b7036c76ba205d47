import Collectives

/// What a message costs: α + nβ seconds for n bytes (Hockney 1994).
package struct LinkCost: Sendable, Equatable {
  /// α, in seconds.
  package var latency: Double
  /// β, in seconds.
  package var perByte: Double

  package init(latency: Double, perByte: Double) {
    self.latency = latency
    self.perByte = perByte
  }

  /// The line that fits measured times best, each judged by its relative error; neither α nor β is
  /// negative.
  package init(fitting times: [(bytes: Int, seconds: Double)]) {
    // Weighted least squares with weights 1/t².
    var (w, x, y, xx, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (bytes, seconds) in times where seconds > 0 {
      let (n, weight) = (Double(bytes), 1 / (seconds * seconds))
      w += weight
      x += weight * n
      y += weight * seconds
      xx += weight * n * n
      xy += weight * n * seconds
    }
    let spread = w * xx - x * x
    let slope = spread > 0 ? max(0, (w * xy - x * y) / spread) : 0
    let start = w > 0 ? (y - slope * x) / w : 0
    // A negative start means that the line has to go through the origin.
    self.init(
      latency: max(0, start), perByte: start < 0 && xx > 0 ? max(0, xy / xx) : slope)
  }

  package func seconds(_ bytes: Double) -> Double { latency + bytes * perByte }
}

/// What ranks of one machine cost each other while that many of them are at work.
package struct MachineCost: Sendable, Equatable {
  /// A message between two ranks over MPI, while all of them send.
  package var messages: LinkCost
  /// γ: adding a byte to another, in seconds.
  package var adding: Double
  /// A whole all-reduce in the shared window.
  package var shared: LinkCost
  /// Computation takes so many times as long as that of one rank alone.
  package var compute: Double

  package init(messages: LinkCost, adding: Double, shared: LinkCost, compute: Double) {
    self.messages = messages
    self.adding = adding
    self.shared = shared
    self.compute = compute
  }

  /// The same under a load that was not measured: everything slows down alike.
  func slowed(by factor: Double) -> MachineCost {
    func slow(_ link: LinkCost) -> LinkCost {
      LinkCost(latency: link.latency * factor, perByte: link.perByte * factor)
    }
    return MachineCost(
      messages: slow(messages), adding: adding * factor, shared: slow(shared),
      compute: compute * factor)
  }
}

/// The time that all-reduces take on machines with equally many ranks each, by the formulas of
/// Thakur 2005 and Patarasuk & Yuan 2009.
///
/// p ranks, L of them on a machine; a message between machines costs α + nβ of the network, and
/// messages that leave a machine at the same time share its link.
package struct ClusterCost: Sendable {
  /// Measured machines by the ranks at work on them.
  package let machines: [Int: MachineCost]
  package let cores: Int
  package let ranksPerNode: Int
  package let network: LinkCost

  package init(machines: [Int: MachineCost], cores: Int, ranksPerNode: Int, network: LinkCost) {
    self.machines = machines
    self.cores = max(cores, 1)
    self.ranksPerNode = max(ranksPerNode, 1)
    self.network = network
  }

  /// A machine with `load` ranks: as measured, or as the next lower measured load, slower by the
  /// ranks that then share a core.
  package func machine(_ load: Int) -> MachineCost {
    if let known = machines[load] { return known }
    let near = machines.keys.filter { $0 < load }.max() ?? machines.keys.min() ?? 1
    let base =
      machines[near]
      ?? MachineCost(
        messages: network, adding: 0, shared: network, compute: 1)
    func shares(_ ranks: Int) -> Double { max(1, Double(ranks) / Double(cores)) }
    return base.slowed(by: shares(load) / shares(near))
  }

  /// Seconds of one all-reduce of `bytes` bytes over `ranks` ranks.
  package func allReduce(_ algorithm: AllReduceAlgorithm, bytes: Int, ranks: Int) -> Double {
    guard ranks > 1, bytes > 0 else { return 0 }
    let local = min(ranks, ranksPerNode)
    let nodes = (ranks - 1) / ranksPerNode + 1
    let machine = machine(local)
    let (n, p) = (Double(bytes), Double(ranks))
    switch algorithm {
    case .ring, .mpi:
      let hop = slowest(machine, nodes)
      return 2 * (p - 1) * hop.latency + 2 * (p - 1) / p * n * hop.perByte
        + (p - 1) / p * n * machine.adding
    case .recursiveDoubling:
      let rounds = floorLog2(ranks)
      return folded(ranks, n, machine, nodes)
        + (0..<rounds).reduce(0.0) { total, k in
          total + hop(distance: 1 << k, local, machine, nodes).seconds(n) + n * machine.adding
        }
    case .halvingDoubling:
      let rounds = floorLog2(ranks)
      return folded(ranks, n, machine, nodes)
        + (0..<rounds).reduce(0.0) { total, k in
          let part = n / Double(2 << k)
          let link = hop(distance: (1 << rounds) >> (k + 1), local, machine, nodes)
          return total + 2 * link.seconds(part) + part * machine.adding
        }
    case .sharedMemory: return machine.shared.seconds(n)
    case .hierarchical:
      let m = Double(nodes)
      let within = local > 1 ? machine.shared.seconds(n) : 0
      // The machine's ranks run rings side by side, which share the link and the adding.
      return within + 2 * (m - 1) * network.latency + 2 * (m - 1) / m * n * network.perByte
        + (m - 1) / m * n * machine.adding / Double(local)
    }
  }

  /// The link that a ring through all ranks waits for.
  private func slowest(_ machine: MachineCost, _ nodes: Int) -> LinkCost {
    guard nodes > 1 else { return machine.messages }
    guard ranksPerNode > 1 else { return network }
    return LinkCost(
      latency: max(network.latency, machine.messages.latency),
      perByte: max(network.perByte, machine.messages.perByte))
  }

  /// The link between ranks whose numbers differ by `distance`, all of which send at once.
  private func hop(
    distance: Int, _ local: Int, _ machine: MachineCost, _ nodes: Int
  ) -> LinkCost {
    guard nodes > 1, distance >= local else { return machine.messages }
    return LinkCost(latency: network.latency, perByte: network.perByte * Double(local))
  }

  /// Ranks beyond a power of two hand their vectors over and get the result back.
  private func folded(_ ranks: Int, _ n: Double, _ machine: MachineCost, _ nodes: Int) -> Double {
    guard ranks != 1 << floorLog2(ranks) else { return 0 }
    return 2 * slowest(machine, nodes).seconds(n) + n * machine.adding
  }

  private func floorLog2(_ value: Int) -> Int { Int.bitWidth - 1 - value.leadingZeroBitCount }
}
