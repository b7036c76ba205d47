import TrainCommands

/// `ddp-train`: the command line with what the project brings.
@main
enum DDPTrain {
  static func main() { TrainCommandLine.main() }
}
