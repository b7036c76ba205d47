/// What the C side returns; see torus_types.h.
enum Status {
  static let pending: Int32 = 0
  static let done: Int32 = 1
  static let mismatch: Int32 = -1
  static let wrongSize: Int32 = -2
  static let transport: Int32 = -3
  static let unsupported: Int32 = -4
  static let noMemory: Int32 = -5
}
