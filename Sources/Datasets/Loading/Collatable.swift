import Tensors

/// Records that become a batch by themselves (`torch.utils.data.default_collate`).
///
/// Numbers become a tensor `[batch]` of their own dtype, arrays of numbers and tensors one of
/// `[batch] + shape`; texts become an array, dictionaries a dictionary of batches. Tuples of these are
/// collated part by part by ``DataLoader``.
public protocol Collatable {
  /// What a batch is.
  associatedtype Collated
  /// Makes a batch of records, of which there is at least one.
  static func collate(_ records: [Self]) throws -> Collated
}

extension Tensor: Collatable {
  /// Tensors of one shape, stacked.
  public static func collate(_ records: [Tensor]) -> Tensor { stack(records) }
}

extension Float: Collatable {
  /// `float32[batch]`.
  public static func collate(_ records: [Float]) -> Tensor {
    Tensor(records, shape: [records.count])
  }
}

extension Double: Collatable {
  /// `float64[batch]`.
  public static func collate(_ records: [Double]) -> Tensor {
    Tensor(records, shape: [records.count], dtype: .float64)
  }
}

extension Int: Collatable {
  /// `int64[batch]`.
  public static func collate(_ records: [Int]) -> Tensor {
    Tensor(records, shape: [records.count])
  }
}

extension Int32: Collatable {
  /// `int32[batch]`.
  public static func collate(_ records: [Int32]) -> Tensor {
    Tensor(records, shape: [records.count])
  }
}

extension UInt8: Collatable {
  /// `uint8[batch]`.
  public static func collate(_ records: [UInt8]) -> Tensor {
    Tensor(records, shape: [records.count])
  }
}

extension Bool: Collatable {
  /// `bool[batch]`.
  public static func collate(_ records: [Bool]) -> Tensor {
    Tensor(records, shape: [records.count])
  }
}

extension String: Collatable {
  /// The texts.
  public static func collate(_ records: [String]) -> [String] { records }
}

extension Array: Collatable where Element: TensorElement {
  /// Arrays of one length, stacked: `[batch, length]`.
  /// - Throws: ``DataError`` where lengths differ.
  public static func collate(_ records: [[Element]]) throws -> Tensor {
    let length = records.first?.count ?? 0
    if let other = records.first(where: { $0.count != length }) {
      throw DataError(
        .mismatch, path: "", "records of \(length) and of \(other.count) elements are in one batch",
        remedy: "Give the loader a collate that fills them up, such as Collate.pad")
    }
    return Collate.stack(records, shape: [length])
  }
}

extension Dictionary: Collatable where Key == String, Value: Collatable {
  /// A batch for each name, which all records must have.
  /// - Throws: ``DataError`` where a record lacks a name that another has.
  public static func collate(_ records: [[String: Value]]) throws -> [String: Value.Collated] {
    var result: [String: Value.Collated] = [:]
    let names = records.first?.keys.sorted() ?? []
    for record in records where record.keys.sorted() != names {
      throw DataError(
        .mismatch, path: "",
        "a record has \(record.keys.sorted()) where another of its batch has \(names)",
        remedy: "Give every record the same names")
    }
    for name in names {
      result[name] = try Value.collate(records.compactMap { $0[name] })
    }
    return result
  }
}
