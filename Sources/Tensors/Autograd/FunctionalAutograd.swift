/// Derivatives of functions of tensors (`torch.autograd.functional`).

/// The value of a function and the product of a vector with its Jacobian: vᵀ J
/// (`torch.autograd.functional.vjp`).
/// - Parameters:
///   - function: One tensor of several.
///   - inputs: Where to differentiate.
///   - v: Of the output's shape; nil stands for 1 of a one-element output.
///   - createGraph: Whether the result can be differentiated again.
public func vjp(
  _ function: ([Tensor]) -> Tensor, _ inputs: [Tensor], v: Tensor? = nil, createGraph: Bool = false
) -> (value: Tensor, products: [Tensor]) {
  let leaves = leaves(inputs, createGraph)
  let value = enableGrad { function(leaves) }
  return (value, gradients(value, leaves, v, createGraph: createGraph))
}

/// The value of a function and the product of its Jacobian with a vector: J v, by differentiating
/// the vector-Jacobian product once more (`torch.autograd.functional.jvp`).
/// - Parameters:
///   - function: A differentiable function of the inputs.
///   - inputs: Where it is differentiated.
///   - v: One tensor per input, of its shape.
///   - createGraph: Whether the product can be differentiated in turn.
public func jvp(
  _ function: ([Tensor]) -> Tensor, _ inputs: [Tensor], v: [Tensor], createGraph: Bool = false
) -> (value: Tensor, product: Tensor) {
  require(v.count == inputs.count, "jvp", "\(v.count) vectors for \(inputs.count) inputs")
  let leaves = leaves(inputs, createGraph)
  let value = enableGrad { function(leaves) }
  // vᵀJ is linear in its vector u, and its derivative by u in the direction v is J v.
  let u = Tensor.zeros(like: value).requiringGrad()
  let products = gradients(value, leaves, u, createGraph: true)
  let pairs = zip(products, v).filter { $0.0.requiresGrad }
  guard !pairs.isEmpty else { return (value, Tensor.zeros(like: value)) }
  let result = grad(
    of: pairs.map(\.0), withRespectTo: [u], gradients: pairs.map { $0.1 },
    createGraph: createGraph)[0]
  return (value, result ?? Tensor.zeros(like: value))
}

/// The Jacobian of a function by each input, `[output shape, input shape]`
/// (`torch.autograd.functional.jacobian`).
public func jacobian(
  _ function: ([Tensor]) -> Tensor, _ inputs: [Tensor], createGraph: Bool = false
) -> [Tensor] {
  let leaves = leaves(inputs, createGraph)
  let value = enableGrad { function(leaves) }
  var rows = [[Tensor]](repeating: [], count: inputs.count)
  let flat = enableGrad { value.flattened() }
  for index in 0..<value.count {
    let products =
      value.requiresGrad
      ? grad(
        of: [flat[index]], withRespectTo: leaves, retainGraph: true, createGraph: createGraph)
      : [Tensor?](repeating: nil, count: inputs.count)
    for (place, product) in products.enumerated() {
      rows[place].append(product ?? Tensor.zeros(like: inputs[place]))
    }
  }
  return zip(rows, inputs).map { rows, input in
    rows.isEmpty
      ? Tensor.zeros(value.shape + input.shape, dtype: input.dtype)
      : Tensor.stack(rows).reshaped(value.shape + input.shape)
  }
}

/// The second derivatives of a function with a one-element result: block i, j is
/// ∂²f / ∂inputᵢ ∂inputⱼ, `[shape i, shape j]` (`torch.autograd.functional.hessian`).
public func hessian(
  _ function: @escaping ([Tensor]) -> Tensor, _ inputs: [Tensor], createGraph: Bool = false
) -> [[Tensor]] {
  inputs.indices.map { row in
    jacobian(
      { leaves in
        let value = function(leaves)
        require(value.count == 1, "hessian", "needs a one-element result, not \(value.shape)")
        return grad(of: [value], withRespectTo: [leaves[row]], createGraph: true)[0]
          ?? Tensor.zeros(like: leaves[row])
      }, inputs, createGraph: createGraph)
  }
}

/// Functions of one tensor.

/// The value of a function of one tensor and the product of a vector with its Jacobian
/// (`torch.autograd.functional.vjp`).
/// - Parameters:
///   - function: One tensor of another.
///   - input: Where to differentiate.
///   - v: Of the output's shape; nil stands for 1 of a one-element output.
///   - createGraph: Whether the result can be differentiated again.
public func vjp(
  _ function: (Tensor) -> Tensor, _ input: Tensor, v: Tensor? = nil, createGraph: Bool = false
) -> (value: Tensor, product: Tensor) {
  let (value, products) = vjp({ function($0[0]) }, [input], v: v, createGraph: createGraph)
  return (value, products[0])
}

/// The value of a function of one tensor and the product of its Jacobian with a vector
/// (`torch.autograd.functional.jvp`).
/// - Parameters:
///   - function: A differentiable function of the input.
///   - input: Where it is differentiated.
///   - v: Of the input's shape.
///   - createGraph: Whether the product can be differentiated in turn.
public func jvp(
  _ function: (Tensor) -> Tensor, _ input: Tensor, v: Tensor, createGraph: Bool = false
) -> (value: Tensor, product: Tensor) {
  jvp({ function($0[0]) }, [input], v: [v], createGraph: createGraph)
}

/// The Jacobian of a function of one tensor, `[output shape, input shape]`
/// (`torch.autograd.functional.jacobian`): `jacobian({ $0 ** 2 }, x)`.
public func jacobian(
  _ function: (Tensor) -> Tensor, _ input: Tensor, createGraph: Bool = false
) -> Tensor {
  jacobian({ function($0[0]) }, [input], createGraph: createGraph)[0]
}

/// The second derivatives of a function of one tensor with a one-element result, `[shape, shape]`
/// (`torch.autograd.functional.hessian`): `hessian({ ($0 ** 3).sum() }, x)`.
public func hessian(
  _ function: @escaping (Tensor) -> Tensor, _ input: Tensor, createGraph: Bool = false
) -> Tensor {
  hessian({ function($0[0]) }, [input], createGraph: createGraph)[0][0]
}

/// Leaves over the inputs' values; where the result is to be differentiated, the inputs themselves,
/// so that it stays connected to them.
private func leaves(_ inputs: [Tensor], _ createGraph: Bool) -> [Tensor] {
  inputs.map { createGraph && $0.requiresGrad ? $0 : $0.requiringGrad() }
}

private func gradients(
  _ value: Tensor, _ leaves: [Tensor], _ v: Tensor?, createGraph: Bool
) -> [Tensor] {
  guard value.requiresGrad else { return leaves.map { Tensor.zeros(like: $0) } }
  let results = grad(
    of: [value], withRespectTo: leaves, gradients: [v], createGraph: createGraph)
  return zip(results, leaves).map { $0 ?? Tensor.zeros(like: $1) }
}
