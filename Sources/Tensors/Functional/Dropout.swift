import CKernels

extension F {
  /// Zeroes elements with probability p and scales the rest by 1/(1 - p) (`dropout`;
  /// Srivastava et al. 2014). Outside training, or with p = 0, the input itself.
  public static func dropout(
    _ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    require((0...1).contains(p), "dropout", "a probability lies between 0 and 1, not \(p)")
    if !training || p == 0 { return x }
    if p == 1 { return x * 0.0 }
    return Tensor.applyMany("dropout", [x], attributes: ["p": .double(p)], saving: .output(1)) {
      inputs in
      let x = inputs[0].contiguous()
      let y = Tensor.uninitialized(x.shape, x.dtype)
      let mask = Tensor.uninitialized(x.shape, .bool)
      let status = (generator ?? .default).draw {
        torus_random_dropout(
          &$0, x.dtype.c, x.pointer, y.pointer, mask.pointer.assumingMemoryBound(to: UInt8.self),
          Int64(x.count), p)
      }
      checkLayer(status, "dropout", x.dtype)
      return [y, mask]
    } gradient: { gradients, node in
      [gradients[0].map { $0 * node.output(1).to($0.dtype) * (1 / (1 - p)) }]
    }[0]
  }
}
