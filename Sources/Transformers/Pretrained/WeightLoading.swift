import Checkpoints
import NN
import Tensors

/// Brings the tensors of files under a model's names.
struct WeightLoading {
  /// A model's parameter or buffer under one of its names.
  fileprivate enum Target {
    case parameter(Parameter)
    case buffer(Buffer)
  }

  /// How many tensors an error names.
  private static let mostLines = 20

  /// The bytes that new weights may take beside the smallest files.
  private static let mostNew = Double(1 << 26)

  private let model: PretrainedModel
  private let path: String
  private var targets: [[UInt8]: Target] = [:]

  init(_ model: PretrainedModel, path: String) {
    self.model = model
    self.path = path
    collectTargets()
  }

  private mutating func collectTargets() {
    var targets: [[UInt8]: Target] = [:]
    model.forEachMember { name, member in
      switch member {
      case .parameter(let parameter): targets[Array(name.utf8)] = .parameter(parameter)
      case .buffer(let buffer) where buffer.isPersistent:
        targets[Array(name.utf8)] = .buffer(buffer)
      default: break
      }
    }
    self.targets = targets
  }

  /// Takes over the tensors; what is missing is initialised.
  /// - Parameter mapsWeights: Whether parameters lie in the files' memory where they can.
  /// - Throws: ``ModelError`` with every shape that differs, unless that is allowed.
  mutating func load(
    _ tensors: [(tensor: StoredTensor, file: String)], ignoreMismatchedSizes: Bool,
    mapsWeights: Bool = false
  ) throws -> LoadReport {
    var report = LoadReport()
    var found: [[UInt8]: (tensor: StoredTensor, file: String)] = [:]
    for entry in tensors {
      if let name = name(of: entry.tensor.name) {
        found[Array(name.utf8)] = entry
      } else if !model.isObsolete(entry.tensor.name) {
        report.unexpected.append(entry.tensor.name)
      }
    }
    // Before any parameter takes memory.
    for (key, entry) in found {
      guard let shape = targets[key]?.shape, entry.tensor.shape != shape else { continue }
      found[key] = nil
      report.mismatched.append(
        .init(
          name: String(decoding: key, as: UTF8.self), expected: shape, found: entry.tensor.shape))
    }
    report.mismatched.sort { $0.name < $1.name }
    if !report.mismatched.isEmpty && !ignoreMismatchedSizes { throw mismatch(report) }
    try checkNew(found, tensors.reduce(0) { $0 + $1.tensor.bytes.count })
    untie(found)
    var filled: [ObjectIdentifier: StoredTensor] = [:]
    for (key, entry) in found {
      guard let target = targets[key] else { continue }
      switch target {
      case .parameter(let parameter):
        // Of tied names the files may hold each: equal ones are read once.
        if let first = filled[ObjectIdentifier(parameter)] {
          guard first.bytes == entry.tensor.bytes, first.dtype == entry.tensor.dtype else {
            throw ModelError(
              .mismatch, path: path,
              "the model has one weight for \(first.name) and \(entry.tensor.name), which differ",
              remedy: "Save the model again with tied weights")
          }
          continue
        }
        filled[ObjectIdentifier(parameter)] = entry.tensor
        if mapsWeights, entry.tensor.dtype.dtype == parameter.dtype,
          let shared = entry.tensor.shared()
        {
          parameter.hold(shared)
        } else {
          try entry.tensor.copy(into: parameter.value.detach(), path: entry.file)
        }
      case .buffer(let buffer):
        filled[ObjectIdentifier(buffer)] = entry.tensor
        buffer.value = try entry.tensor.tensor(path: entry.file).to(buffer.value.dtype)
      }
    }
    report.unexpected.sort()
    fillMissing(Set(filled.keys), &report)
    settleMemory()
    return report
  }

  /// Gives their memory to members that no file has filled: threads that use the model together must not meet them
  /// without.
  private func settleMemory() {
    model.forEachMember { _, member in
      switch member {
      case .parameter(let parameter): parameter.value.storage.settle()
      case .buffer(let buffer): buffer.value.storage.settle()
      default: break
      }
    }
  }

  /// The model's name for a tensor of a file, or nil where the model holds no such tensor.
  private func name(of name: String) -> String? {
    let renamed = model.renamed(name)
    let prefix = type(of: model).baseModelPrefix
    var candidates = [name, renamed]
    if !prefix.isEmpty {
      for name in [name, renamed] {
        candidates.append("\(prefix).\(name)")
        if name.hasPrefix("\(prefix).") {
          candidates.append(String(name.dropFirst(prefix.count + 1)))
        }
      }
    }
    return candidates.first { targets[Array($0.utf8)] != nil }
  }

  /// Gives tied layers and tables weights and biases of their own where the files hold different ones.
  private mutating func untie(_ found: [[UInt8]: (tensor: StoredTensor, file: String)]) {
    var changed = false
    /// Whether the files hold a tensor of the name and, under another name, a different one for the
    /// same parameter. A file that holds the tensor alone fills the shared parameter.
    func differs(_ name: String, _ parameter: Parameter) -> Bool {
      guard let own = found[Array(name.utf8)]?.tensor, own.shape == parameter.shape else {
        return false
      }
      return found.contains { key, entry in
        guard case .parameter(let other) = targets[key], other === parameter,
          entry.tensor.name != own.name
        else { return false }
        return entry.tensor.dtype != own.dtype || entry.tensor.bytes != own.bytes
      }
    }
    untieTables(found)
    for (path, module) in model.namedModules() {
      guard let layer = module as? TiedLinear, layer.isTied else { continue }
      let hasWeight = differs("\(path).weight", layer.weight)
      let hasBias = layer.bias.map { differs("\(path).bias", $0) } ?? false
      if hasWeight || hasBias {
        layer.untie(weight: hasWeight, bias: hasBias)
        changed = true
      }
    }
    if changed { collectTargets() }
  }

  /// Gives tables weights of their own where the files hold others than for the table they are tied to.
  private mutating func untieTables(_ found: [[UInt8]: (tensor: StoredTensor, file: String)]) {
    var first: [ObjectIdentifier: StoredTensor] = [:]
    for (path, module) in model.namedModules() {
      guard let table = module as? Embedding, let own = found[Array("\(path).weight".utf8)]?.tensor
      else { continue }
      guard let tied = first[ObjectIdentifier(table.weight)] else {
        first[ObjectIdentifier(table.weight)] = own
        continue
      }
      if own.shape == table.weight.shape, own.dtype != tied.dtype || own.bytes != tied.bytes {
        table.untie()
        collectTargets()
      }
    }
  }

  private func mismatch(_ report: LoadReport) -> ModelError {
    var lines = report.mismatched.prefix(Self.mostLines).map {
      "\($0.name) is \($0.found) in the file, \($0.expected) in the model"
    }
    if report.mismatched.count > lines.count {
      lines.append("and \(report.mismatched.count - lines.count) more differ")
    }
    // The fields that say the sizes in which model and file differ, those first that only the model has.
    let differing = report.mismatched.flatMap { entry in
      entry.expected.count == entry.found.count
        ? zip(entry.expected, entry.found).filter { $0 != $1 }.map(\.0) : entry.expected
    }
    let own = Set(differing).subtracting(report.mismatched.flatMap(\.found))
    let sizes = own.isEmpty ? Set(differing) : own
    return ModelError(
      .mismatch, path: path, lines.joined(separator: "; ") + model.configuration.saying(sizes),
      remedy: "Correct the configuration, or initialise these anew with ignoreMismatchedSizes")
  }

  /// Asks whether what no tensor fills, and would be new, is far more than the files hold: then the sizes are no
  /// model's, and nothing of it should take memory.
  private func checkNew(
    _ found: [[UInt8]: (tensor: StoredTensor, file: String)], _ fileBytes: Int
  ) throws {
    var seen: Set<ObjectIdentifier> = []
    for (key, target) in targets where found[key] != nil { seen.insert(target.identity) }
    var total = 0.0
    var largest: (name: String, shape: [Int], bytes: Double)?
    for (key, target) in targets where seen.insert(target.identity).inserted {
      let bytes = target.shape.reduce(Double(target.dtype.size)) { $0 * Double($1) }
      total += bytes
      if bytes > largest?.bytes ?? 0 {
        largest = (String(decoding: key, as: UTF8.self), target.shape, bytes)
      }
    }
    guard total > Self.mostNew + 8 * Double(fileBytes), let largest else { return }
    throw ModelError(
      .mismatch, path: path,
      "new weights would take \(Int(total)) bytes where the files have \(fileBytes); the largest, "
        + "\(largest.name), would be \(largest.shape)"
        + model.configuration.saying(Set(largest.shape)),
      remedy: "Correct the configuration, or download or copy the model again")
  }

  /// Initialises parameters that nothing filled.
  private func fillMissing(_ filled: Set<ObjectIdentifier>, _ report: inout LoadReport) {
    let mismatched = Set(report.mismatched.map(\.name))
    var missing = Set<String>()
    for (name, parameter) in model.namedParameters()
    where !filled.contains(ObjectIdentifier(parameter)) {
      missing.insert(name)
      if !mismatched.contains(name) { report.missing.append(name) }
    }
    for (name, buffer) in model.namedBuffers()
    where buffer.isPersistent && !filled.contains(ObjectIdentifier(buffer))
      && !model.mayBeMissing(name)
    {
      report.missing.append(name)
    }
    if !missing.isEmpty { model.initializeParameters { missing.contains($0) } }
  }
}

extension WeightLoading.Target {
  fileprivate var shape: [Int] {
    switch self {
    case .parameter(let parameter): parameter.shape
    case .buffer(let buffer): buffer.value.shape
    }
  }

  fileprivate var dtype: DType {
    switch self {
    case .parameter(let parameter): parameter.dtype
    case .buffer(let buffer): buffer.value.dtype
    }
  }

  fileprivate var identity: ObjectIdentifier {
    switch self {
    case .parameter(let parameter): ObjectIdentifier(parameter)
    case .buffer(let buffer): ObjectIdentifier(buffer)
    }
  }
}
