import Foundation
import Testing

/// Golden values from a JSON file beside the program that wrote it.
func golden<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws
  -> Value
{
  try JSONDecoder().decode(Value.self, from: goldenData(name, "json"))
}

func goldenData(_ name: String, _ ending: String) throws -> Data {
  let url = try #require(
    Bundle.module.url(forResource: name, withExtension: ending, subdirectory: "Golden"))
  return try Data(contentsOf: url)
}
