/// What has no keys.
public struct NoOptions: ConfigurationSection {
  /// Nothing to set.
  public init() {}
  /// No keys.
  public static let fields: [Field<Self>] = []
}
