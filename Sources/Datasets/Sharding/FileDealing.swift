/// Files dealt to ranks.
struct DealtFiles {
  /// Each rank's files, as ascending positions in the list of files.
  var shards: [[Int]]
  /// Whether the fullest rank has at most a quarter more than its even share.
  var isEven: Bool
}

/// Deals files to ranks so that their numbers of records come out as even as may be.
///
/// The largest file goes to the rank with the fewest records so far; ties go to the earlier file
/// and the lower rank, so every rank computes the same result. At worst the fullest rank has 4/3 of
/// the best possible (Graham 1969, longest processing time first).
/// - Returns: Nil where files cannot be read on their own or a rank would have none.
func dealFiles(_ files: [SourceFingerprint.File], worldSize: Int) -> DealtFiles? {
  var sizes: [(file: Int, records: Int)] = []
  for (index, file) in files.enumerated() {
    guard let records = file.records else { return nil }
    if records > 0 { sizes.append((index, records)) }
  }
  guard sizes.count >= worldSize else { return nil }
  sizes.sort { $0.records > $1.records }
  var shards = [[Int]](repeating: [], count: worldSize)
  var loads = [Int](repeating: 0, count: worldSize)
  for (file, records) in sizes {
    let rank = loads.indices.min { loads[$0] < loads[$1] } ?? 0
    shards[rank].append(file)
    loads[rank] += records
  }
  let total = loads.reduce(0, +)
  let fullest = loads.max() ?? 0
  return DealtFiles(
    shards: shards.map { $0.sorted() }, isEven: fullest * worldSize * 4 <= total * 5)
}
