import Foundation
import Torus

/// Learns to write like a text, character by character: `CharacterGPT FILE [STEPS]`, alone or as several
/// workers under mpirun.
@main
enum Program {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1 else { return print("usage: CharacterGPT FILE [STEPS]") }
    let text = try String(contentsOfFile: arguments[1], encoding: .utf8)
    let steps = arguments.count > 2 ? Int(arguments[2]) ?? 1000 : 1000
    try World.run { world in try train(text, steps, world) }
  }

  static func train(_ text: String, _ steps: Int, _ world: World) throws {
    let characters = Array(Set(text.unicodeScalars)).sorted { $0.value < $1.value }
    let numbers = Dictionary(uniqueKeysWithValues: characters.enumerated().map { ($1, $0) })
    let ids = Tensor(text.unicodeScalars.compactMap { numbers[$0] })
    let context = min(64, ids.count - 1)
    guard context > 0 else { return print("the text is too short") }

    manualSeed(1)
    let gpt = GPT(characters: characters.count, context: context)
    let model = try DistributedDataParallel(gpt, group: world.group)
    let optimizer = AdamW(gpt.parameters(), lr: 1e-3, betas: (0.9, 0.99), weightDecay: 0.1)
    let schedule = CosineAnnealingLR(optimizer, tMax: steps)
    manualSeed(UInt64(100 + world.rank))  // each worker reads other places

    for step in 1...max(1, steps) {
      // 12 windows of the text on each worker; the targets are one character further on.
      let starts = Tensor.randint(ids.count - context, [12])
      let windows = starts.unsqueezed(1) + Tensor.arange(context + 1)
      let batch = ids[windows]
      let logits = try model(batch[..., 0..<context])
      let loss = F.crossEntropy(
        logits.reshaped(-1, characters.count), batch[..., 1...].reshaped(-1))
      optimizer.zeroGrad()
      loss.backward()
      clipGradNorm(gpt.parameters(), maxNorm: 1)
      optimizer.step()
      schedule.step()
      if step % 100 == 0 || step == steps, world.rank == 0 { print(step, loss.item()) }
    }
    guard world.rank == 0 else { return }
    gpt.eval()
    let written = gpt.write(after: [numbers["\n"] ?? 0], count: 300)
    print(String(String.UnicodeScalarView(written.map { characters[$0] })))
    try gpt.stateDict().save(safetensors: "gpt.safetensors")
  }
}
