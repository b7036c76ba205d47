/// `tensorboard.Summary`: named values as TensorBoard's plugins read them, laid out for the wire.
///
/// Field numbers are those of TensorBoard's `summary.proto`, `tensor.proto` and the plugins' own files.
struct Summary {
  /// The message.
  let bytes: [UInt8]

  /// A summary of one value: `value = 1` with `tag = 1` and what `body` adds.
  private init(_ tag: String, _ body: (inout ProtoWriter) -> Void) {
    bytes = ProtoWriter.message {
      $0.message(1) {
        $0.string(1, tag)
        body(&$0)
      }
    }
  }

  /// A number in single precision: `simple_value = 2`.
  static func scalar(_ tag: String, _ value: Float) -> Summary {
    Summary(tag) { $0.float(2, value) }
  }

  /// A number as a tensor of the scalars plugin, in single or double precision.
  static func scalarTensor(_ tag: String, _ value: Double, isDouble: Bool) -> Summary {
    Summary(tag) { summary in
      summary.message(8) {
        $0.integer(1, isDouble ? DataType.double : DataType.float)
        if isDouble { $0.doubles(6, [value]) } else { $0.floats(5, [Float(value)]) }
      }
      metadata(&summary, plugin: "scalars", [])
    }
  }

  /// How often values fall into each bucket: `histo = 5`.
  static func histogram(_ tag: String, _ histogram: Histogram) -> Summary {
    Summary(tag) {
      $0.message(5) {
        $0.double(1, histogram.min)
        $0.double(2, histogram.max)
        $0.double(3, histogram.num)
        $0.double(4, histogram.sum)
        $0.double(5, histogram.sumSquares)
        $0.doubles(6, histogram.bucketLimits)
        $0.doubles(7, histogram.bucketCounts)
      }
    }
  }

  /// A picture: `image = 4`.
  static func image(_ tag: String, _ image: PNGImage) -> Summary {
    Summary(tag) {
      $0.message(4) {
        $0.integer(1, image.height)
        $0.integer(2, image.width)
        $0.integer(3, image.channels)
        $0.data(4, image.bytes)
      }
    }
  }

  /// A text, whose Markdown TensorBoard renders.
  static func text(_ tag: String, _ text: String) -> Summary {
    Summary("\(tag)/text_summary") { summary in
      summary.message(8) {
        $0.integer(1, DataType.string)
        shape(&$0, 2, [1])
        $0.string(8, text)
      }
      metadata(&summary, plugin: "text", [])
    }
  }

  /// Six rows of a precision-recall curve, a column a threshold: true and false positives, true and
  /// false negatives, precision, recall.
  static func precisionRecall(_ tag: String, _ rows: [[Double]]) -> Summary {
    let thresholds = rows.first?.count ?? 0
    return Summary(tag) { summary in
      summary.message(8) {
        $0.integer(1, DataType.float)
        shape(&$0, 2, [rows.count, thresholds])
        $0.floats(5, rows.joined().map { Float($0) })
      }
      metadata(&summary, plugin: "pr_curves", ProtoWriter.message { $0.integer(2, thresholds) })
    }
  }

  /// A value that is nothing but a plugin's data.
  static func plugin(_ tag: String, _ plugin: String, _ content: [UInt8]) -> Summary {
    Summary(tag) { metadata(&$0, plugin: plugin, content) }
  }

  /// `metadata = 9`: which plugin shows the value, and what it is told.
  private static func metadata(
    _ writer: inout ProtoWriter, plugin: String, _ content: [UInt8]
  ) {
    writer.message(9) {
      $0.message(1) {
        $0.string(1, plugin)
        if !content.isEmpty { $0.data(2, content) }
      }
    }
  }

  /// A `TensorShapeProto`: `dim = 2`, each with its `size = 1`.
  static func shape(_ writer: inout ProtoWriter, _ field: Int, _ sizes: [Int]) {
    writer.message(field) { shape in
      for size in sizes { shape.message(2) { $0.integer(1, size) } }
    }
  }
}

/// TensorFlow's numbers of types (`types.proto`).
enum DataType {
  static let float = 1
  static let double = 2
  static let string = 7
}
