import Tensors

/// Records that can be read by index (`torch.utils.data.Dataset`).
///
/// A dataset reads one record at a time and only when it is asked to, so that a rank loads no
/// record outside its share. Records are plain values; a ``DataLoader`` collates them to tensors.
public protocol Dataset<Element> {
  /// What one record is.
  associatedtype Element

  /// The number of records.
  var count: Int { get }

  /// Reads the record at `index`, counted from 0.
  /// - Throws: ``DataError`` where the source cannot be read or the record breaks its format.
  subscript(index: Int) -> Element { get throws }
}

/// An array is a dataset of its elements, as a list is in PyTorch: `DataLoader(pairs, batchSize: 32)`.
extension Array: Dataset {}

/// Records in an array.
public struct ArrayDataset<Element>: Dataset {
  /// The records.
  public var elements: [Element]

  /// A dataset of the given records.
  public init(_ elements: [Element]) { self.elements = elements }

  /// The number of records.
  public var count: Int { elements.count }

  /// The record at `index`.
  public subscript(index: Int) -> Element { elements[index] }
}

extension ArrayDataset: Sendable where Element: Sendable {}

/// Some of another dataset's records, in an order of their own (`torch.utils.data.Subset`).
public struct Subset<Base: Dataset>: Dataset {
  /// The dataset that is read.
  public let base: Base
  /// Which of its records are here.
  public let indices: [Int]

  /// The records of `base` at `indices`.
  /// - Precondition: Every index is below `base.count`.
  public init(_ base: Base, indices: [Int]) {
    require(
      indices.allSatisfy { $0 >= 0 && $0 < base.count }, "Subset",
      "an index is outside 0 ..< \(base.count)")
    self.base = base
    self.indices = indices
  }

  /// The number of records.
  public var count: Int { indices.count }

  /// The record at `index` of the subset.
  public subscript(index: Int) -> Base.Element { get throws { try base[indices[index]] } }
}

extension Subset: Sendable where Base: Sendable {}

/// Datasets one after another (`torch.utils.data.ConcatDataset`).
public struct ConcatDataset<Base: Dataset>: Dataset {
  /// The datasets in order.
  public let parts: [Base]
  /// Where each part ends, counted in records.
  private let ends: [Int]

  /// The records of all parts in order.
  public init(_ parts: [Base]) {
    self.parts = parts
    var total = 0
    ends = parts.map { part in
      total += part.count
      return total
    }
  }

  /// The number of records in all parts.
  public var count: Int { ends.last ?? 0 }

  /// The record at `index`; only its part is read.
  /// - Complexity: O(log of the number of parts).
  public subscript(index: Int) -> Base.Element {
    get throws {
      require(index >= 0 && index < count, "ConcatDataset", "index \(index) of \(count) records")
      var low = 0
      var high = ends.count - 1
      while low < high {
        let middle = (low + high) / 2
        if ends[middle] <= index { low = middle + 1 } else { high = middle }
      }
      return try parts[low][index - (low == 0 ? 0 : ends[low - 1])]
    }
  }
}

extension ConcatDataset: Sendable where Base: Sendable {}

/// A dataset whose records pass through a function when they are read.
public struct MappedDataset<Base: Dataset, Element>: Dataset {
  /// The dataset that is read.
  public let base: Base
  private let transform: @Sendable (Base.Element) throws -> Element

  init(_ base: Base, _ transform: @escaping @Sendable (Base.Element) throws -> Element) {
    self.base = base
    self.transform = transform
  }

  /// The number of records.
  public var count: Int { base.count }

  /// The transformed record at `index`.
  public subscript(index: Int) -> Element { get throws { try transform(base[index]) } }
}

extension MappedDataset: Sendable where Base: Sendable {}

extension Dataset {
  /// This dataset with every record passed through `transform` when it is read.
  public func mapped<Result>(
    _ transform: @escaping @Sendable (Element) throws -> Result
  ) -> MappedDataset<Self, Result> {
    MappedDataset(self, transform)
  }
}
