import Foundation
import Tensors

/// How rotary embeddings turn: their base, the part of a head that they turn, and how their
/// frequencies are stretched for longer texts (`rope_parameters`).
public struct RotaryScaling {
  /// The ways of stretching (`rope_type`).
  public enum Kind: String, CaseIterable, Sendable {
    /// Not at all.
    case none = "default"
    /// Every frequency divided by a factor (Chen et al. 2023).
    case linear
    /// The base grows with the longest text seen (NTK-aware scaling).
    case dynamic
    /// Low frequencies divided, high ones kept, as Llama 3.1 does.
    case llama3
    /// A ramp between both over the dimensions (Peng et al., "YaRN", 2023).
    case yarn
    /// A factor for each frequency, one list for short and one for long texts (Ding et al. 2024).
    case longrope
    /// Only the faster frequencies of whole heads turn: the share `partial_rotary_factor` of them; the
    /// others stand still.
    case proportional
  }

  let kind: Kind
  let base: Double
  /// How many numbers of a head are turned.
  let dimensions: Int
  /// The greatest number of positions of the model.
  let maxPositions: Int
  /// How many of the frequencies turn; nil for all.
  private let turning: Int?
  private let parameters: ConfigurationValue
  private let originalMaxPositions: Int
  private let configuration: ModelConfiguration

  /// Reads a configuration's `rope_parameters`, or the older `rope_theta` and `rope_scaling`.
  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - headSize: The size of a head.
  ///   - maxPositions: The model's `max_position_embeddings`.
  ///   - layerType: The kind of layers to read for, where each kind has parameters of its own.
  ///   - base: The default of `rope_theta`.
  ///   - partial: The default of `partial_rotary_factor`; nil where the family turns whole heads.
  ///   - originalMaxPositions: The default of the field of that name beside `rope_parameters`; nil
  ///     where the family has none.
  ///   - aliases: The family's older names of `rope_theta` and `partial_rotary_factor`.
  /// - Throws: ``ModelError`` where a parameter is missing or cannot be followed.
  public init(
    _ configuration: ModelConfiguration, headSize: Int, maxPositions: Int,
    layerType: String? = nil, base: Double = 10_000, partial: Double? = nil,
    originalMaxPositions: Int? = nil,
    aliases: (base: String, partial: String) = ("rope_theta", "partial_rotary_factor")
  ) throws {
    let scaling = configuration.value("rope_scaling")
    let modern = configuration.value("rope_parameters")
    var given = scaling?.members?.isEmpty == false ? scaling : modern
    if let layerType {
      given = modern?[layerType] ?? (layerType == "full_attention" ? scaling : nil)
    }
    let parameters = given.flatMap { $0 == .null ? nil : $0 } ?? .object([])
    guard parameters.members != nil else {
      throw configuration.fault("rope_parameters", "an object is expected")
    }
    if layerType == nil,
      parameters["full_attention"] != nil || parameters["sliding_attention"] != nil
    {
      throw configuration.fault(
        "rope_parameters",
        "the family has one rotary embedding for all layers, not one for each kind")
    }
    self.parameters = parameters
    self.configuration = configuration
    self.maxPositions = maxPositions
    let word = (parameters["rope_type"] ?? parameters["type"])?.string ?? "default"
    // Phi-3's files call its own scaling by older names.
    let name = originalMaxPositions != nil && ["su", "yarn"].contains(word) ? "longrope" : word
    guard let kind = Kind(rawValue: name) else {
      throw configuration.fault("rope_parameters", "no rotary embedding is called “\(word)”")
    }
    self.kind = kind
    let theta = configuration.value(aliases.base)?.double
    let beside = configuration.value(aliases.partial)?.double
    self.base = parameters["rope_theta"]?.double ?? theta ?? base
    let share = parameters["partial_rotary_factor"]?.double ?? beside ?? partial ?? 1
    let isProportional = kind == .proportional
    guard share > 0, share <= 1, partial != nil || share == 1 || isProportional, self.base > 0
    else {
      throw configuration.fault(
        "rope_parameters", "a base of \(self.base) with a partial_rotary_factor of \(share)")
    }
    turning = isProportional ? Int(Double(headSize) * share / 2) : nil
    dimensions = isProportional ? headSize : Int(Double(headSize) * share)
    let isWhole = dimensions % 2 == 0 && (kind != .dynamic || dimensions > 2)
    guard dimensions > 0, dimensions + dimensions % 2 <= headSize,
      isWhole || ![.dynamic, .yarn].contains(kind)
    else {
      throw configuration.fault(
        "rope_parameters",
        "\(dimensions) numbers of a head of \(headSize) cannot be turned in pairs")
    }
    let outside = try configuration.optionalSize("original_max_position_embeddings")
    let inside = parameters["original_max_position_embeddings"]?.int
    self.originalMaxPositions =
      originalMaxPositions.map { outside ?? $0 } ?? inside ?? outside ?? maxPositions
    _ = try frequencies(length: 0)
  }

  /// Whether frequencies depend on the length of the text.
  var dependsOnLength: Bool { kind == .dynamic || kind == .longrope }

  /// The greatest length of short texts, where long ones have frequencies of their own.
  var shortLength: Int? { kind == .longrope ? originalMaxPositions : nil }

  /// Whether a length needs frequencies of another kind than short texts.
  func isLong(_ length: Int) -> Bool { length > originalMaxPositions }

  /// The frequencies θ^(−2i/d), stretched, `[dimensions/2]`, and what cosines and sines are
  /// multiplied by.
  /// - Parameter length: The length of the text, or 0 where it is not known.
  func frequencies(length: Int) throws -> (frequencies: Tensor, scale: Double) {
    let plain = powers(base).reciprocal()
    switch kind {
    case .none: return (plain, 1)
    case .linear: return (plain / (try number("factor")), 1)
    case .dynamic:
      let factor = try number("factor")
      let (seen, limit) = (Double(max(length, maxPositions)), Double(maxPositions))
      let d = Double(dimensions)
      let grown = base * pow(factor * seen / limit - (factor - 1), d / (d - 2))
      return (powers(grown).reciprocal(), 1)
    case .llama3: return (try llama3(plain), 1)
    case .yarn: return try yarn()
    case .longrope: return try longrope(isLong: isLong(length))
    case .proportional:
      let factor = try optional("factor") ?? 1
      guard factor > 0 else {
        throw configuration.fault("rope_parameters.factor", "a positive number is expected")
      }
      let turns = Tensor.arange(dimensions / 2).lt(turning ?? dimensions / 2).to(.float32)
      return (plain * turns / factor, 1)
    }
  }

  private func powers(_ base: Double) -> Tensor {
    Tensor.pow(
      base, Tensor.arange(0, dimensions, step: 2).to(.float32) / Double(dimensions))
  }

  private func llama3(_ plain: Tensor) throws -> Tensor {
    let (factor, low, high) = (
      try number("factor"), try number("low_freq_factor"), try number("high_freq_factor")
    )
    let limit = Double(originalMaxPositions)
    let waves = 2 * Double.pi / plain
    let slow = Tensor.where(waves.gt(limit / low), plain / factor, plain)
    let smooth = (limit / waves - low) / (high - low)
    let between = waves.lt(limit / high).logicalNot()
      .logicalAnd(waves.gt(limit / low).logicalNot())
    return Tensor.where(between, (1 - smooth) * slow / factor + smooth * slow, slow)
  }

  private func yarn() throws -> (Tensor, Double) {
    let limit = Double(originalMaxPositions)
    let factor = try optional("factor") ?? Double(maxPositions) / limit
    func scaled(_ mscale: Double) -> Double { factor <= 1 ? 1 : 0.1 * mscale * log(factor) + 1 }
    let (mscale, all) = (try optional("mscale") ?? 0, try optional("mscale_all_dim") ?? 0)
    let scale =
      try optional("attention_factor")
      ?? (mscale != 0 && all != 0 ? scaled(mscale) / scaled(all) : scaled(1))
    func dimension(_ turns: Double) -> Double {
      Double(dimensions) * log(limit / (turns * 2 * Double.pi)) / (2 * log(base))
    }
    var low = dimension(try optional("beta_fast").flatMap { $0 == 0 ? nil : $0 } ?? 32)
    var high = dimension(try optional("beta_slow").flatMap { $0 == 0 ? nil : $0 } ?? 1)
    if parameters["truncate"]?.bool ?? true { (low, high) = (floor(low), ceil(high)) }
    (low, high) = (max(low, 0), min(high, Double(dimensions - 1)))
    if low == high { high += 0.001 }
    let ramp = ((Tensor.arange(dimensions / 2).to(.float32) - low) / (high - low))
      .clamp(min: 0, max: 1)
    let turns = powers(base)
    let kept = 1 - ramp
    return ((turns * factor).reciprocal() * (1 - kept) + turns.reciprocal() * kept, scale)
  }

  private func longrope(isLong: Bool) throws -> (Tensor, Double) {
    let limit = Double(originalMaxPositions)
    let factor = try optional("factor") ?? Double(maxPositions) / limit
    let scale =
      try optional("attention_factor")
      ?? (factor <= 1 ? 1 : (1 + log(factor) / log(limit)).squareRoot())
    // Both lists have to be there, whichever is used first.
    let (short, long) = (try numbers("short_factor"), try numbers("long_factor"))
    return ((Tensor(isLong ? long : short) * powers(base)).reciprocal(), scale)
  }

  private func optional(_ name: String) throws -> Double? {
    guard let value = parameters[name], value != .null else { return nil }
    guard let number = value.double else {
      throw configuration.fault("rope_parameters.\(name)", "a number is expected")
    }
    return number
  }

  private func number(_ name: String) throws -> Double {
    guard let number = try optional(name), number > 0 else {
      throw configuration.fault("rope_parameters.\(name)", "a positive number is expected")
    }
    return number
  }

  private func numbers(_ name: String) throws -> [Float] {
    let list = parameters[name]?.list?.compactMap(\.double).map { Float($0) } ?? []
    guard list.count == (dimensions + 1) / 2 else {
      throw configuration.fault(
        "rope_parameters.\(name)", "a list of \((dimensions + 1) / 2) numbers is expected")
    }
    return list
  }
}
