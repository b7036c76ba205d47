import Foundation
import Settings
import Training

/// The smallest configuration that is complete.
let minimalYAML = "model: digits-cnn\ndata: digits\n"

func readConfiguration(
  _ yaml: String, _ arguments: String...
) throws -> RunConfiguration {
  try inConfigurationFolder { folder in
    let path = "\(folder)/job.yaml"
    try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
    return try RunConfiguration(RunArguments([path] + arguments))
  }
}

func inConfigurationFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("torus-configuration-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// The error that `body` throws, with the temporary folder left out of its places.
func configurationFailure(_ body: () throws -> some Any) -> ConfigurationError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? ConfigurationError
  }
}
