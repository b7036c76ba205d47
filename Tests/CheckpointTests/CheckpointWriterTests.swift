import Checkpoints
import Foundation
import NN
import Synchronization
import TensorTesting
import Tensors
import Testing

@Suite("Checkpoints that are written while training goes on")
struct CheckpointWriterTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func contents(_ value: Float) -> CheckpointContents {
    CheckpointContents(lending: StateDict([("w", Tensor([value, -value]))]))
  }

  @Test("one is complete when the next is begun, and all are when the writer is waited for")
  func order() throws {
    let store = CheckpointStore(folder: folder.path, keep: 2)
    let finished = Mutex<[Int]>([])
    let writer = CheckpointWriter(store) { step in finished.withLock { $0.append(step) } }
    for step in 1...5 {
      #expect(try writer.save(contents(Float(step)), step: step) == store.path(step: step))
      #expect(finished.withLock { Array($0.prefix(step - 1)) } == Array(1..<step))
      // Those that are kept are whole at every moment, the new one as soon as it is there.
      #expect((store.latest().checkpoint?.step ?? 0) >= step - 1)
      #expect(store.latest().damaged.isEmpty)
    }
    try writer.wait()
    try writer.wait()
    #expect(finished.withLock { $0 } == [1, 2, 3, 4, 5] && store.steps == [4, 5])
    #expect(try store.load(step: 5).model().tensors == [stored("w", [5, -5])])
  }

  @Test("what is written is the state as it was copied, whatever becomes of the model")
  func copied() throws {
    let store = CheckpointStore(folder: folder.path)
    let writer = CheckpointWriter(store)
    let model = Linear(64, 64)
    let before = model.stateDict().stored()
    let path = try writer.save(CheckpointContents(lending: model.stateDict()), step: 1)
    noGrad { for parameter in model.parameters() { parameter.assign(parameter.value * 2) } }
    try writer.wait()
    let saved = try store.load(step: 1).model().tensors
    #expect(saved.sorted { $0.name < $1.name } == before.sorted { $0.name < $1.name })
    #expect(path == store.path(step: 1))
  }

  @Test("what lends its memory is written like a copy")
  func lent() throws {
    let state = StateDict([
      ("empty", .zeros([0, 3])), ("turned", Tensor.arange(6).reshaped([2, 3]).transposed(0, 1)),
      ("scalar", Tensor(3)), ("halves", Tensor([1, 2.5]).to(.bfloat16)),
    ])
    #expect(state.lent() == state.stored())
  }

  @Test("what kept one from being written is told once, with path and reason")
  func failure() throws {
    // A file where the folder belongs: fails also for root.
    let file = try folder.write("taken", [])
    let writer = CheckpointWriter(CheckpointStore(folder: file))
    for _ in 0..<2 {
      _ = try writer.save(contents(1), step: 1)
      expectCheckpointError(.unwritable, "taken", "cannot be created: ") {
        _ = try writer.save(contents(2), step: 2)
      }
      try writer.wait()
    }
    _ = try writer.save(contents(3), step: 3)
    expectCheckpointError(.unwritable, "taken", "cannot be created: ") { try writer.wait() }
    try writer.wait()
  }
}
