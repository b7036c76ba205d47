import Tensors

extension Registry {
  mutating func addResampling() {
    functional("interpolate") { call in
      let name = try call.string(3, "mode", default: "nearest")
      guard let mode = InterpolationMode(rawValue: name) else { throw Unsupported("mode \(name)") }
      return F.interpolate(
        try call.tensor(0), size: try call.optionalInts(1, "size"),
        scaleFactor: try call.optionalDoubles(2, "scale_factor"), mode: mode,
        alignCorners: try call.optionalBool(4, "align_corners"),
        recomputeScaleFactor: try call.bool(5, "recompute_scale_factor", default: false),
        antialias: try call.bool(6, "antialias", default: false))
    }
    functional("upsample_nearest") {
      F.upsampleNearest(
        try $0.tensor(0), size: try $0.optionalInts(1, "size"),
        scaleFactor: try $0.optionalDoubles(2, "scale_factor"))
    }
    functional("upsample_bilinear") {
      F.upsampleBilinear(
        try $0.tensor(0), size: try $0.optionalInts(1, "size"),
        scaleFactor: try $0.optionalDoubles(2, "scale_factor"))
    }
    functional("grid_sample") { call in
      let name = try call.string(2, "mode", default: "bilinear")
      let outside = try call.string(3, "padding_mode", default: "zeros")
      guard let mode = InterpolationMode(rawValue: name),
        let padding = GridPadding(rawValue: outside)
      else { throw Unsupported("mode \(name), padding \(outside)") }
      return F.gridSample(
        try call.tensor(0), try call.tensor(1), mode: mode, paddingMode: padding,
        alignCorners: try call.bool(4, "align_corners", default: false))
    }
    functional("affine_grid") {
      F.affineGrid(
        try $0.tensor(0), size: try $0.ints(1, "size"),
        alignCorners: try $0.bool(2, "align_corners", default: false))
    }
    functional("pad") { call in
      let name = try call.string(2, "mode", default: "constant")
      guard let mode = PaddingMode(rawValue: name) else { throw Unsupported("mode \(name)") }
      return F.pad(
        try call.tensor(0), try call.ints(1, "pad"), mode: mode,
        value: try call.optionalScalar(3, "value")?.double ?? 0)
    }
    functional("pixel_shuffle") {
      F.pixelShuffle(try $0.tensor(0), try $0.int(1, "upscale_factor"))
    }
    functional("pixel_unshuffle") {
      F.pixelUnshuffle(try $0.tensor(0), try $0.int(1, "downscale_factor"))
    }
    functional("channel_shuffle") {
      F.channelShuffle(try $0.tensor(0), groups: try $0.int(1, "groups"))
    }
  }
}
