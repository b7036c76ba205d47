import Base
import Foundation
import Testing

@Suite("Finding a model's folder")
struct ModelFolderTests {
  private let commit = String(repeating: "a", count: 40)

  /// A folder that is removed when the test ends, with a cache of one repository in it.
  private func withCache(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "model-folder-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let repository = folder + "/models--org--tiny"
    for name in ["refs", "snapshots/\(commit)"] {
      try FileManager.default.createDirectory(
        atPath: "\(repository)/\(name)", withIntermediateDirectories: true)
    }
    try commit.write(toFile: repository + "/refs/main", atomically: true, encoding: .utf8)
    try #"{"model_type": "llama"}"#.write(
      toFile: "\(repository)/snapshots/\(commit)/config.json", atomically: true, encoding: .utf8)
    try body(folder)
  }

  @Test("A name is found in the cache by branch and by commit")
  func findsNames() throws {
    try withCache { cache in
      for revision in ["main", commit] {
        let folder = try ModelFolder("org/tiny", revision: revision, cache: cache)
        let config = try folder.json("config.json")
        #expect(config?["model_type"]?.string == "llama")
        #expect(folder.file("model.safetensors") == nil)
        #expect(throws: ModelFolderError.self) { try folder.requiredFile("model.safetensors") }
      }
    }
  }

  @Test("A folder wins over a name, and what is neither is refused")
  func refusesWhatIsNeither() throws {
    try withCache { cache in
      let folder = try ModelFolder(cache)
      #expect(folder.path == cache)
      for name in ["org/other", "a/b/c", "../no such folder", "org/..", "", "org/ti ny"] {
        #expect(throws: ModelFolderError.self) { try ModelFolder(name, cache: cache) }
      }
      for revision in ["other", "../refs/main", "", String(repeating: "b", count: 40)] {
        #expect(throws: ModelFolderError.self) {
          try ModelFolder("org/tiny", revision: revision, cache: cache)
        }
      }
    }
  }

  @Test("The environment names the cache, in the order of Hugging Face's libraries")
  func readsEnvironment() throws {
    var environment = ["XDG_CACHE_HOME": "/x"]
    #expect(try HubCache(environment: environment).root == "/x/huggingface/hub")
    environment["HF_HOME"] = "/home/hf"
    #expect(try HubCache(environment: environment).root == "/home/hf/hub")
    environment["HUGGINGFACE_HUB_CACHE"] = "/former"
    #expect(try HubCache(environment: environment).root == "/former")
    environment["HF_HUB_CACHE"] = "/cache"
    #expect(try HubCache(environment: environment).root == "/cache")
    #expect(try HubCache(environment: [:]).root.hasSuffix("/.cache/huggingface/hub"))
  }

  @Test("A damaged file is an error that says where")
  func namesDamage() throws {
    try withCache { cache in
      try "{\"a\": }".write(toFile: cache + "/bad.json", atomically: true, encoding: .utf8)
      let folder = try ModelFolder(cache)
      let error = #expect(throws: ModelFolderError.self) { try folder.json("bad.json") }
      #expect(error?.description.contains("bad.json is no JSON") == true)
    }
  }
}
