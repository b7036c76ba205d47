// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "Spirals",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Torus", path: "../..")],
  targets: [
    .executableTarget(name: "Spirals", dependencies: [.product(name: "Torus", package: "Torus")])
  ])
