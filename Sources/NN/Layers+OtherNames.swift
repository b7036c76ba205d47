import Tensors

// Keras' names of layers: the compiler answers each with the one here.

/// Keras' name.
@available(*, unavailable, message: "use Linear(inputs, outputs)")
public var Dense: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use Conv2d(channels, filters, kernelSize)")
public var Conv2D: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use Conv3d(channels, filters, kernelSize)")
public var Conv3D: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use ConvTranspose2d(channels, filters, kernelSize)")
public var Conv2DTranspose: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use MaxPool2d(2)")
public var MaxPooling2D: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use AvgPool2d(2)")
public var AveragePooling2D: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use AdaptiveAvgPool2d(1)")
public var GlobalAveragePooling2D: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use BatchNorm2d(channels), or BatchNorm1d(width)")
public var BatchNormalization: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use LayerNorm(width)")
public var LayerNormalization: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use ReLU(), Tanh() and so on")
public var Activation: PythonName { otherName() }

/// Keras' name.
@available(*, unavailable, message: "use MultiheadAttention(width, heads)")
public var MultiHeadAttention: PythonName { otherName() }

/// PyTorch's layer that looks at its first input.
@available(
  *, unavailable, message: "sizes of inputs are written out: Linear(inputs, outputs)"
)
public var LazyLinear: PythonName { otherName() }

/// PyTorch's layer that looks at its first input.
@available(
  *, unavailable, message: "sizes of inputs are written out: Conv2d(channels, filters, kernelSize)"
)
public var LazyConv2d: PythonName { otherName() }

/// What an array of parameters is in PyTorch.
@available(
  *, unavailable, message: "use an array: let scales = [Parameter(a), Parameter(b)] is found"
)
public var ParameterList: PythonName { otherName() }

/// What a dictionary of parameters is in PyTorch.
@available(
  *, unavailable, message: "use a dictionary: let scales = [\"a\": Parameter(a)] is found"
)
public var ParameterDict: PythonName { otherName() }

extension MaxPool2d {
  /// PyTorch's argument for positions.
  @available(*, unavailable, message: "the call gives positions: pool.withIndices(x)")
  public convenience init(_ kernelSize: any Sizes, stride: Int = 0, returnIndices: Bool) {
    otherName()
  }
}

extension PaddingMode {
  /// What PyTorch's convolutions call ``constant``.
  @available(*, unavailable, renamed: "constant")
  public static var zeros: PaddingMode { otherName() }
}

/// PyTorch's spelling of ``padSequence(_:batchFirst:paddingValue:paddingSide:)``.
@available(*, unavailable, renamed: "padSequence(_:batchFirst:)")
public var pad_sequence: PythonName { otherName() }

/// PyTorch's spelling of ``packPaddedSequence(_:lengths:batchFirst:enforceSorted:)``.
@available(*, unavailable, renamed: "packPaddedSequence(_:lengths:batchFirst:)")
public var pack_padded_sequence: PythonName { otherName() }

/// PyTorch's spelling of ``padPackedSequence(_:batchFirst:paddingValue:totalLength:)``.
@available(*, unavailable, renamed: "padPackedSequence(_:batchFirst:)")
public var pad_packed_sequence: PythonName { otherName() }

/// PyTorch's spelling of ``packSequence(_:enforceSorted:)``.
@available(*, unavailable, renamed: "packSequence(_:)")
public var pack_sequence: PythonName { otherName() }
