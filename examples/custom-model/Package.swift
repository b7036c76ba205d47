// swift-tools-version: 6.1
import PackageDescription

/// A package of one's own that adds a model and a data source to ddp-train's command line.
let package = Package(
  name: "custom-model",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Torus", path: "../..")],
  targets: [
    .executableTarget(
      name: "spiral-train",
      dependencies: [
        .product(name: "Torus", package: "Torus"),
        .product(name: "TrainCommands", package: "Torus"),
      ])
  ]
)
