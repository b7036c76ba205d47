/// Channels made positions, and the other way round.
extension F {
  /// Channels spread over blocks of r × r positions: `[…, C r², H, W] → […, C, H r, W r]`
  /// (`pixel_shuffle`; Shi et al. 2016).
  public static func pixelShuffle(_ x: Tensor, _ upscaleFactor: Int) -> Tensor {
    let (name, r) = ("pixel_shuffle", upscaleFactor)
    require(
      x.rank >= 3 && r > 0 && x.shape[x.rank - 3] % (r * r) == 0, name,
      "a factor of \(r) does not fit an input of \(x.shape)")
    let lead = Array(x.shape.dropLast(3))
    let (c, h, w) = (x.shape[x.rank - 3] / (r * r), x.shape[x.rank - 2], x.shape[x.rank - 1])
    let n = lead.count
    return x.reshaped(lead + [c, r, r, h, w])
      .permuted(Array(0..<n) + [n, n + 3, n + 1, n + 4, n + 2]).reshaped(lead + [c, h * r, w * r])
  }

  /// Blocks of r × r positions gathered in channels: `[…, C, H r, W r] → […, C r², H, W]`
  /// (`pixel_unshuffle`). An input without elements keeps its shape, as in PyTorch.
  public static func pixelUnshuffle(_ x: Tensor, _ downscaleFactor: Int) -> Tensor {
    let (name, r) = ("pixel_unshuffle", downscaleFactor)
    require(
      x.rank >= 3 && r > 0 && x.shape[x.rank - 2] % r == 0 && x.shape[x.rank - 1] % r == 0, name,
      "a factor of \(r) does not fit an input of \(x.shape)")
    if x.count == 0 { return x }
    let lead = Array(x.shape.dropLast(3))
    let (c, h, w) = (x.shape[x.rank - 3], x.shape[x.rank - 2] / r, x.shape[x.rank - 1] / r)
    let n = lead.count
    return x.reshaped(lead + [c, h, r, w, r])
      .permuted(Array(0..<n) + [n, n + 2, n + 4, n + 1, n + 3]).reshaped(lead + [c * r * r, h, w])
  }

  /// Channels dealt out over groups: `[N, C, …]`, `[g, C/g]` transposed (`channel_shuffle`; Zhang et
  /// al. 2018).
  public static func channelShuffle(_ x: Tensor, groups: Int) -> Tensor {
    require(
      x.rank >= 3 && groups > 0 && x.shape[1] > 0 && x.shape[1] % groups == 0, "channel_shuffle",
      "\(groups) groups do not fit an input of \(x.shape)")
    let rest = Array(x.shape[2...])
    let dealt = x.reshaped([x.shape[0], groups, x.shape[1] / groups] + rest).transposed(1, 2)
    return dealt.reshaped(x.shape)
  }
}
