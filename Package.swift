// swift-tools-version: 6.1
import PackageDescription

/// Tests, and what compares with PyTorch's answers, are compiled without optimization, which takes half the time or
/// less; what they test is optimized. Nobody who depends on the package builds them, so that the flag does no harm.
let unoptimized: [SwiftSetting] = [.unsafeFlags(["-Onone"])]

/// The rooms that `import TorusCore` passes on, and `import Torus` besides. What imports the umbrella depends on each of
/// them by name: through the umbrella's module alone, which looks as before, a build would not see that they changed.
let core = [
  "Tensors", "NN", "Models", "Optimizers", "Datasets", "Checkpoints", "Reports", "Tokenizers",
  "Transformers", "Metrics", "TextTasks", "Settings",
]
let ranks = ["Collectives", "DataParallel", "Training", "Fit", "FineTuning"]
let torus = (["Torus", "TorusCore"] + core + ranks).map { Target.Dependency(stringLiteral: $0) }

/// The rooms of the house, from the foundation up. Nothing imports upwards; see
/// docs/architecture.md for what each room is for.
let package = Package(
  name: "Torus",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Torus", targets: ["Torus", "TorusCore"] + core + ranks),
    .library(name: "TorusCore", targets: ["TorusCore"] + core),
    .library(name: "TrainCommands", targets: ["TrainCommands"]),
    .executable(name: "ddp-train", targets: ["ddp-train"]),
    .executable(name: "ddp-text", targets: ["ddp-text"]),
    .executable(name: "ddp-launch", targets: ["ddp-launch"]),
    .executable(name: "ddp-bench", targets: ["ddp-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Foundations in C.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CMPI", pkgConfig: Context.environment["MPI_PKG_CONFIG"] ?? "ompi-c",
      providers: [.apt(["libopenmpi-dev"])]),
    .target(name: "CDigits", exclude: ["ATTRIBUTION.md", "digits.csv.gz"]),
    .target(name: "CElements"),
    // Kernels are two targets in one folder: Swift waits for a target's objects before it reads its headers,
    // and those of all kernels take longer than half of Tensors. So Tensors waits for those of one file, and
    // what stands on it brings the others into the program. They are begun after Base, hence behind Tensors.
    .target(
      name: "CKernels", dependencies: ["CElements"], sources: ["core/cpu.c"]),
    .target(
      name: "CKernelCode", dependencies: ["Base", "CElements", "CKernels", "COpenBLAS"],
      path: "Sources/CKernels", exclude: ["core/cpu.c", "include"], publicHeadersPath: "core",
      linkerSettings: [.linkedLibrary("m")]),
    // What wraps MPI, which alone sees mpi.h; above it the engine of collectives, the ring among its
    // algorithms.
    .target(name: "CMPIShim", dependencies: ["CElements", "CMPI"]),
    .target(name: "CCollectives", dependencies: ["CElements", "CMPIShim"]),
    .target(name: "CProcess"),
    .target(
      name: "CReportPage", exclude: ["page.css", "data.js", "chart.js", "page.js"]),

    // The ground floor: what every room may use, without dependencies.
    .target(name: "Base"),
    // What can be set by name: keys, their limits, the registries of what configurations name.
    .target(name: "Settings", dependencies: ["Base"]),

    // Text and tokens.
    .target(name: "CUnicode", exclude: ["generate.py"]),
    .target(name: "Tokenizers", dependencies: ["Base", "CUnicode"]),

    // The replica.
    .target(name: "Tensors", dependencies: ["Base", "CKernels"]),
    .target(name: "CObjects"),
    .target(name: "NN", dependencies: ["Base", "Tensors", "CKernelCode", "CObjects"]),
    .target(name: "Optimizers", dependencies: ["Base", "NN", "Settings"]),
    .target(name: "Archives", dependencies: ["CZlib"]),
    // Files of tensors: safetensors, PyTorch's, GGUF and NumPy's.
    .target(name: "TensorFiles", dependencies: ["Base", "Tensors", "Archives", "CKernelCode"]),
    .target(
      name: "Datasets", dependencies: ["Base", "Tensors", "Archives", "CDigits", "TensorFiles"]),
    .target(
      name: "Checkpoints",
      dependencies: ["Base", "NN", "Optimizers", "Archives", "TensorFiles", "Tensors"]),
    .target(name: "Models", dependencies: ["Base", "NN", "Settings", "Tensors"]),
    // Hugging Face's families, their folders, generation, sentences and adapters.
    .target(
      name: "Transformers",
      dependencies: ["Base", "NN", "Checkpoints", "Tensors", "Tokenizers", "Settings"]),

    // What is to be seen of a run.
    .target(
      name: "Reports",
      dependencies: ["Base", "NN", "Tensors", "Archives", "CReportPage", "CZlib", "Yams"]),

    // Tasks on text: records become batches, and predictions figures.
    .target(name: "Metrics", dependencies: ["Base", "Tensors", "CKernelCode"]),
    .target(
      name: "TextTasks",
      dependencies: [
        "Base", "Datasets", "NN", "Optimizers", "Tensors", "Tokenizers", "Transformers",
      ]),

    // What a user imports who needs one process only: it reaches no MPI.
    .target(
      name: "TorusCore", dependencies: core.map { Target.Dependency(stringLiteral: $0) }),

    // The world.
    .target(name: "Collectives", dependencies: ["Base", "CCollectives", "CProcess"]),
    .target(name: "DataParallel", dependencies: ["Base", "NN", "Optimizers", "Collectives"]),

    // The run.
    .target(
      name: "Training",
      dependencies: [
        "Base", "Settings", "Models", "Optimizers", "Datasets", "Checkpoints", "DataParallel",
        "Archives", "Metrics", "Reports", "Yams",
      ]),
    // Models that are compiled and fitted as in Keras, in a user's own program.
    .target(
      name: "Fit",
      dependencies: [
        "Base", "Models", "NN", "Optimizers", "Datasets", "Checkpoints", "Collectives",
        "DataParallel", "Metrics", "Reports", "Settings", "Tensors", "Training",
      ]),
    .target(
      name: "FineTuning",
      dependencies: [
        "Base", "Settings", "Models", "Transformers", "Optimizers", "Datasets", "Checkpoints",
        "DataParallel", "Metrics", "TextTasks", "Tokenizers", "Training",
      ]),
    .target(
      name: "Torus",
      dependencies: ["TorusCore"] + ranks.map { Target.Dependency(stringLiteral: $0) }),
    // The commands of ddp-train on configured runs, and ddp-train itself: no more than that, so that it is
    // built soon. What it needs of pretrained models it hands over to ddp-text, which has all commands.
    .target(
      name: "RunCommands",
      dependencies: [
        "Base", "Checkpoints", "Collectives", "CProcess", "Reports", "Settings", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // Its launcher is built beside it: one after the other would leave a core without work.
    .executableTarget(name: "ddp-train", dependencies: ["RunCommands", "ddp-launch"]),
    // All commands, for programs that add models, data and the like to them.
    .target(
      name: "TrainCommands",
      dependencies: [
        "Base", "RunCommands", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ] + torus),
    .executableTarget(name: "ddp-text", dependencies: ["TrainCommands"]),
    // The launcher links no MPI: it has to run, and to say so, where MPI is missing.
    .executableTarget(
      name: "ddp-launch",
      dependencies: [
        "Base", "CProcess", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "ddp-bench",
      dependencies: [
        "Base", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ] + torus,
      resources: [
        .embedInCode("Step/torch_step.py"), .embedInCode("Text/text_peers.py"),
      ]),
    // What one process computes, its training loop included; no ranks.
    .executableTarget(
      name: "conformance",
      dependencies: [
        "Base", "CProcess", "Tensors", "NN", "Transformers", "Optimizers", "Datasets",
        "Checkpoints", "Archives",
        "Tokenizers", "Metrics", "TextTasks", "FineTuning", "Training",
      ], swiftSettings: unoptimized),

    .testTarget(name: "BaseTests", dependencies: ["Base"], swiftSettings: unoptimized),
    .testTarget(
      name: "TokenizerTests", dependencies: ["Base", "Tokenizers"], swiftSettings: unoptimized),
    .testTarget(
      name: "TextTaskTests",
      dependencies: ["NN", "Optimizers", "TextTasks", "Tokenizers", "Transformers"],
      swiftSettings: unoptimized),
    .testTarget(
      name: "SettingTests", dependencies: ["Base", "Settings"], swiftSettings: unoptimized),
    .testTarget(name: "ArchiveTests", dependencies: ["Archives"]),
    .testTarget(name: "MetricTests", dependencies: ["Metrics"]),
    .target(
      name: "TensorTesting", dependencies: ["TensorFiles", "Tensors"], path: "Tests/TensorTesting"),
    .testTarget(
      name: "TensorTests", dependencies: ["TensorTesting"] + torus, resources: [.copy("Golden")],
      swiftSettings: unoptimized),
    .testTarget(
      name: "NNTests", dependencies: ["NN", "Optimizers", "Tensors", "TensorTesting"],
      swiftSettings: unoptimized),
    .testTarget(
      name: "GuideTests", dependencies: ["Spirals", "TrainCommands"] + torus,
      exclude: ["names.txt", "guesses.txt", "Context.txt"], swiftSettings: unoptimized),
    .target(name: "MPITesting", dependencies: ["Collectives"], path: "Tests/MPITesting"),
    .testTarget(
      name: "CollectiveTests", dependencies: ["CElements", "Collectives", "MPITesting"],
      swiftSettings: unoptimized),
    .testTarget(
      name: "DatasetTests", dependencies: ["Datasets", "Archives"], resources: [.copy("Golden")],
      swiftSettings: unoptimized),
    .testTarget(
      name: "ModelTests", dependencies: ["Models", "NN", "Optimizers", "Tensors"],
      resources: [.copy("Curves")]),
    .testTarget(
      name: "TransformerTests",
      dependencies: ["Checkpoints", "NN", "Optimizers", "Tensors", "Tokenizers", "Transformers"],
      swiftSettings: unoptimized),
    .testTarget(
      name: "CheckpointTests",
      dependencies: ["Checkpoints", "NN", "Optimizers", "Archives", "TensorTesting"],
      resources: [.copy("Golden")], swiftSettings: unoptimized),
    .testTarget(name: "TensorFileTests", dependencies: ["TensorFiles", "TensorTesting"]),
    .testTarget(
      name: "OptimizerTests", dependencies: ["Optimizers"], resources: [.copy("Conformance")],
      swiftSettings: unoptimized),
    .testTarget(
      name: "DataParallelTests",
      dependencies: ["DataParallel", "Models", "Transformers", "Optimizers", "MPITesting"],
      resources: [.copy("Golden")], swiftSettings: unoptimized),
    .testTarget(
      name: "ReportTests", dependencies: ["Base", "Reports", "NN", "CZlib"],
      resources: [.copy("Golden")], swiftSettings: unoptimized),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Base", "MPITesting", "ddp-train", "ddp-text", "spiral-train", "KerasDigits",
        "TextClassifier", "CharacterGPT",
      ] + torus, swiftSettings: unoptimized),
    .testTarget(name: "FitTests", dependencies: torus, swiftSettings: unoptimized),
    .testTarget(
      name: "FineTuningTests", dependencies: ["FineTuning", "MPITesting", "ddp-train", "ddp-text"],
      swiftSettings: unoptimized),
    // The examples' programs, as their own packages build them.
    .executableTarget(
      name: "Spirals", dependencies: torus, path: "examples/first-hour/Sources/Spirals"),
    .executableTarget(
      name: "KerasDigits", dependencies: torus,
      path: "examples/keras-digits/Sources/KerasDigits"),
    .executableTarget(
      name: "TextClassifier", dependencies: torus,
      path: "examples/text-classifier/Sources/TextClassifier"),
    .executableTarget(
      name: "CharacterGPT", dependencies: torus,
      path: "examples/char-gpt/Sources/CharacterGPT"),
    .executableTarget(
      name: "spiral-train", dependencies: ["TrainCommands"] + torus,
      path: "examples/custom-model/Sources/spiral-train"),
    // Broken ranks, and what becomes of their jobs.
    .executableTarget(
      name: "faulty-train", dependencies: ["Settings", "Training"], path: "Tests/FaultyTrain"),
    .testTarget(
      name: "FaultTests",
      dependencies: ["Collectives", "MPITesting", "faulty-train", "ddp-launch"],
      swiftSettings: unoptimized),
    // Damaged files, and what becomes of their readers.
    .executableTarget(
      name: "reader-fuzzing",
      dependencies: [
        "Base", "Archives", "Checkpoints", "Collectives", "Datasets", "NN", "Optimizers", "Tensors",
        "Tokenizers", "Training", "Transformers",
      ], path: "Tests/ReaderFuzzing"),
    .testTarget(name: "ReaderFuzzingTests", dependencies: ["reader-fuzzing"]),
    .testTarget(
      name: "LaunchTests", dependencies: ["Base", "ddp-launch"], swiftSettings: unoptimized),
    .testTarget(
      name: "BenchTests", dependencies: ["Base", "ddp-bench", "Collectives"],
      swiftSettings: unoptimized),
  ]
)
