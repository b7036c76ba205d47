// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "KerasDigits",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Torus", path: "../..")],
  targets: [
    .executableTarget(
      name: "KerasDigits", dependencies: [.product(name: "Torus", package: "Torus")])
  ])
