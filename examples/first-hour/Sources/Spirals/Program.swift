import Torus

@main
enum Program {
  static func main() throws {
    try World.run { world in
      manualSeed(7)
      let model = try DistributedDataParallel(SpiralNet(), group: world.group)
      let optimizer = AdamW(model.module.parameters(), lr: 0.01)
      manualSeed(UInt64(world.rank))  // each worker draws points of its own
      for step in 1...300 {
        let (points, labels) = spirals(128)
        let loss = F.crossEntropy(try model(points), labels)
        optimizer.zeroGrad()
        loss.backward()  // gradients are averages over all workers
        optimizer.step()
        if step % 100 == 0, world.rank == 0 { print(step, loss.item()) }
      }
      let (points, labels) = spirals(1000)
      let right = noGrad { model.module(points).argmax(dim: 1) .== labels }
      let shares = try world.group.allGather([right.to(.float32).mean().item()])
      guard world.rank == 0 else { return }
      print("accuracy of each worker's points:", shares.map { $0[0] })
      try save(["model": model.module.stateDict()], to: "spirals.pth")
    }
  }
}
