// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "CharacterGPT",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Torus", path: "../..")],
  targets: [
    .executableTarget(
      name: "CharacterGPT", dependencies: [.product(name: "Torus", package: "Torus")])
  ])
