import TrainCommands

/// `ddp-text`: all commands of `ddp-train`, with those on pretrained models.
@main
enum DDPText {
  static func main() { TrainCommandLine.main() }
}
