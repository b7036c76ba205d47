// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

// What PyTorch, NumPy and Swift lead one to write, with operators and conversions.

extension Tensor {
  /// A comparison gives a tensor of truth values, not a condition.
  @available(
    *, unavailable,
    message:
      "a tensor is no condition: compare numbers, a.item() > b, or use (a > b).all().item(Bool.self)"
  )
  public static func > (a: Tensor, b: some Operand) -> Bool { otherName() }
  /// A comparison gives a tensor of truth values, not a condition.
  @available(
    *, unavailable,
    message:
      "a tensor is no condition: compare numbers, a.item() < b, or use (a < b).all().item(Bool.self)"
  )
  public static func < (a: Tensor, b: some Operand) -> Bool { otherName() }
  /// A comparison gives a tensor of truth values, not a condition.
  @available(
    *, unavailable,
    message:
      "a tensor is no condition: compare numbers, a.item() >= b, or use (a >= b).all().item(Bool.self)"
  )
  public static func >= (a: Tensor, b: some Operand) -> Bool { otherName() }
  /// A comparison gives a tensor of truth values, not a condition.
  @available(
    *, unavailable,
    message:
      "a tensor is no condition: compare numbers, a.item() <= b, or use (a <= b).all().item(Bool.self)"
  )
  public static func <= (a: Tensor, b: some Operand) -> Bool { otherName() }
  /// Elements are compared by the plain operator; only equality has a dot.
  @available(*, unavailable, message: "use a > b: only .== and .!= have a dot")
  public static func .> (a: Tensor, b: some Operand) -> Tensor { otherName() }
  /// Elements are compared by the plain operator; only equality has a dot.
  @available(*, unavailable, message: "use a < b: only .== and .!= have a dot")
  public static func .< (a: Tensor, b: some Operand) -> Tensor { otherName() }
  /// Elements are compared by the plain operator; only equality has a dot.
  @available(*, unavailable, message: "use a >= b: only .== and .!= have a dot")
  public static func .>= (a: Tensor, b: some Operand) -> Tensor { otherName() }
  /// Elements are compared by the plain operator; only equality has a dot.
  @available(*, unavailable, message: "use a <= b: only .== and .!= have a dot")
  public static func .<= (a: Tensor, b: some Operand) -> Tensor { otherName() }
  /// Truth values of elements are joined by `&`.
  @available(*, unavailable, message: "use a & b for the elements of two tensors")
  public static func && (a: Tensor, b: @autoclosure () -> Tensor) -> Tensor { otherName() }
  /// Truth values of elements are joined by `|`.
  @available(*, unavailable, message: "use a | b for the elements of two tensors")
  public static func || (a: Tensor, b: @autoclosure () -> Tensor) -> Tensor { otherName() }
}

extension Double {
  /// A tensor of one element is read by `item()`.
  @available(*, unavailable, message: "use x.item()")
  public init(_ x: Tensor) { otherName() }
}

extension Float {
  /// A tensor of one element is read by `item()`.
  @available(*, unavailable, message: "use Float(x.item())")
  public init(_ x: Tensor) { otherName() }
}

extension Int {
  /// A tensor of one element is read by `item()`.
  @available(*, unavailable, message: "use Int(x.item())")
  public init(_ x: Tensor) { otherName() }
}

extension Tensor? {
  /// A gradient is forgotten by `x.grad = nil`, or by an optimizer.
  @available(*, unavailable, message: "use x.grad = nil, or optimizer.zeroGrad()")
  public func zero_() { otherName() }
}

extension DType {
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "float32")
  public static var float: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "float64")
  public static var double: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "float16")
  public static var half: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "int64")
  public static var long: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "int32")
  public static var int: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "int16")
  public static var short: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "uint8")
  public static var byte: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "int8")
  public static var char: DType { otherName() }
  /// Another spelling, which is refused with the right one.
  @available(*, unavailable, renamed: "bool")
  public static var boolean: DType { otherName() }
}
