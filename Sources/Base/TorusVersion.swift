/// The version of the package's programs.
package enum TorusVersion {
  /// Major, minor and patch (semver.org).
  package static let text = "0.1.0"
}
