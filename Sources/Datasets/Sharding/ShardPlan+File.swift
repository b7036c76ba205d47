import Base
import Foundation

extension ShardPlan {
  /// The plan as JSON, the same bytes for equal plans.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }

  /// Reads a plan from JSON and checks that it is consistent in itself.
  /// - Parameters:
  ///   - json: The plan as it was written.
  ///   - path: What errors call the plan.
  /// - Throws: ``DataError`` that names the fault.
  public init(json: Data, path: String = "shard plan") throws(DataError) {
    let remedy = "Delete it, so that the plan is made again"
    do throws(JSONReading.Fault) {
      self = try JSONReading.decode(ShardPlan.self, from: json)
    } catch {
      throw DataError(.malformed, path: path, "not a shard plan: \(error)", remedy: remedy)
    }
    if version != 1 {
      throw DataError(
        .mismatch, path: path, "the plan has version \(version); this program reads version 1",
        remedy: remedy)
    }
    let problem: String? =
      worldSize < 1 || batchSize < worldSize || source.records < 1
        || worldSize > Self.largestWorld || batchSize > Self.largestBatch
        || source.records > Self.largestCount
      ? "\(source.records) records, batch size \(batchSize) and world size \(worldSize) do not fit"
      : (policy == .padded || policy == .cut) && batchSize % worldSize != 0
        ? "batch size \(batchSize) is no multiple of world size \(worldSize)" : shardFault
    if let problem { throw DataError(.malformed, path: path, problem, remedy: remedy) }
  }

  /// More ranks than any job has, more records than any batch, and than any source.
  private static let largestWorld = 1 << 20
  private static let largestBatch = 1 << 24
  private static let largestCount = 1 << 48

  /// What is wrong with the lists of files, if anything.
  private var shardFault: String? {
    if let file = source.files.first(where: { $0.bytes < 0 || $0.records ?? 0 < 0 }) {
      return "\(file.name) has a negative size"
    }
    guard policy == .files else { return shards == nil ? nil : "policy \(policy) lists files" }
    guard let shards, shards.count == worldSize else {
      return "\(shards?.count ?? 0) lists of files for \(worldSize) ranks"
    }
    var total = 0
    for file in source.files {
      guard let records = file.records, records >= 0 else { return "\(file.name) has no count" }
      let (sum, overflow) = total.addingReportingOverflow(records)
      if overflow { return "the files' records overflow" }
      total = sum
    }
    if total != source.records { return "files hold \(total) of \(source.records) records" }
    let dealt = shards.flatMap { $0 }
    let filled = source.files.indices.filter { (source.files[$0].records ?? 0) > 0 }
    if dealt.sorted() != filled { return "the ranks' files are not every file once" }
    return shards.contains(where: \.isEmpty) ? "a rank has no file" : nil
  }

  /// Saves the plan, replacing an older one at once.
  public func save(to path: String) throws(DataError) {
    do {
      try json().write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw DataError(
        .unreadable, path: path, "the shard plan could not be written: \(error)",
        remedy: "Check that the folder exists, is writable and has space")
    }
  }

  /// Reads a saved plan.
  public static func load(from path: String) throws(DataError) -> ShardPlan {
    try ShardPlan(json: SourceFile.contents(of: path), path: path)
  }

  /// Checks that this plan is for the given data and number of ranks.
  /// - Throws: ``DataError`` that says what changed since the plan was made.
  public func validate(
    against actual: SourceFingerprint, worldSize: Int, path: String = ""
  ) throws(DataError) {
    if let difference = source.difference(from: actual) {
      throw DataError(
        .mismatch, path: path, "the data are not those the shard plan was made for: \(difference)",
        remedy: "Restore the data, or start a new run, which makes a new plan")
    }
    if worldSize != self.worldSize {
      throw DataError(
        .mismatch, path: path,
        "the shard plan is for \(self.worldSize) ranks, but \(worldSize) are running",
        remedy: "Start \(self.worldSize) workers, or make the plan again for \(worldSize)")
    }
  }

  /// This plan for another number of ranks. The order of records stays the same under
  /// ``Policy/batches``; files are dealt anew.
  public func resized(worldSize: Int, path: String = "") throws(DataError) -> ShardPlan {
    var plan = try resizedByPolicy(worldSize: worldSize, path: path)
    plan.order = order
    return plan
  }

  private func resizedByPolicy(worldSize: Int, path: String) throws(DataError) -> ShardPlan {
    switch policy {
    case .padded, .cut:
      return try ShardPlan(
        distributedSampler: source, worldSize: worldSize, batchSize: batchSize, seed: seed,
        shuffle: shuffle, dropLast: policy == .cut, path: path)
    case .batches, .files:
      return try ShardPlan(
        for: source, worldSize: worldSize, batchSize: batchSize, seed: seed, shuffle: shuffle,
        dropLast: dropLast, sharding: policy == .files ? .file : .record, path: path)
    }
  }
}

extension ShardPlan: CustomStringConvertible {
  /// One line for the terminal: what is shared, among whom and by which rule.
  public var description: String {
    let rule =
      switch policy {
      case .batches: "by record, each global batch of \(batchSize) in \(worldSize) pieces"
      case .padded: "by record, DistributedSampler's rule, padded"
      case .cut: "by record, DistributedSampler's rule, cut"
      case .files:
        "by file, \((shards ?? []).map { String($0.count) }.joined(separator: " + ")) files"
      }
    let order = order == nil ? "" : ", in batches of similar length"
    return "\(source.records) records over \(worldSize) ranks \(rule)\(order), seed \(seed)"
  }
}
