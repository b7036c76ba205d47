import RunCommands

/// `ddp-train`: trains what configurations describe. What it needs of pretrained models it hands over to
/// `ddp-text`.
@main
enum DDPTrain {
  static func main() { RunCommandLine.main() }
}
