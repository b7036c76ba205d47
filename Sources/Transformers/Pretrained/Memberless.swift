import NN

// What every pretrained model keeps beside its layers. A search for members need not look into it, which takes
// longer than all else about a small model.
extension ModelConfiguration: Memberless {}
extension LoadReport: Memberless {}
extension GenerationConfig: Memberless {}
extension DecoderSettings: Memberless {}
extension TextEmbeddings.Positions: Memberless {}
