// The files of tensors come with what is made of them.
@_exported import TensorFiles
