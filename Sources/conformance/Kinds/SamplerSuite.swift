import Datasets
import Foundation

/// Every rank's indices: `distributed_sampler.json`.
struct SamplerSuite: Suite {
  private struct File: Decodable {
    let cases: [Case]
  }

  private struct Case: Decodable {
    let length: Int
    let world_size: Int
    let shuffle: Bool
    let drop_last: Bool
    let seed: UInt64
    let epoch: Int
    let indices: [[Int]]
  }

  private let cases: [Case]
  let units = ["DistributedSampler"]

  init(path: URL, options: Options) throws {
    let url = path.file("distributed_sampler.json")
    cases = try JSONDecoder().decode(File.self, from: url.unpacked()).cases
  }

  func checks(of unit: String) throws -> [Check] {
    cases.enumerated().map { number, item in
      Check(id: "\(number)") {
        for rank in 0..<item.world_size {
          let sampler = DistributedSampler(
            recordCount: item.length, rank: rank, worldSize: item.world_size,
            shuffle: item.shuffle, seed: item.seed, dropLast: item.drop_last)
          let got = sampler.indices(epoch: item.epoch)
          guard got == item.indices[rank] else {
            throw Mismatch("rank \(rank): expected \(item.indices[rank]), got \(got)")
          }
        }
      }
    }
  }
}
