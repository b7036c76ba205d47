import Torus
import TrainCommands

/// `spiral-train`: `ddp-train` with a model and a data source more.
@main
enum SpiralTrain {
  static func main() {
    ModelDefinition.register(.spiralNet)
    DataDefinition.register(.spirals)
    MetricDefinition.register(.confidence)
    TrainCommandLine.main()
  }
}
