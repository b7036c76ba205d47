/// A setting of text generation, or an input to it, that cannot be followed.
public struct GenerationError: Error, CustomStringConvertible, Equatable {
  /// The setting as generation_config.json spells it, or the input's name.
  public let setting: String
  /// What is wrong and what to do.
  public let problem: String
  /// The file that the setting stands in, where it comes from one.
  public var path: String?

  /// An error about a setting.
  public init(_ setting: String, _ problem: String, path: String? = nil) {
    (self.setting, self.problem, self.path) = (setting, problem, path)
  }

  /// `PATH: SETTING: what is wrong`.
  public var description: String { (path.map { "\($0): " } ?? "") + "\(setting): \(problem)" }
}
