import Tensors

extension DistributedDataParallel: Joinable {
  /// A rank without data computes nothing, and would not gather what the others compute with.
  public var joinObstacle: String? {
    isFullySharded
      ? "a fully sharded model cannot take part in Join: a rank without data would gather no parameters; "
        + "give all ranks as many batches, or use stage zero2" : nil
  }

  /// Tells a join of a forward pass, and learns who leads it and how gradients count.
  func announcePass(synchronizes: Bool) throws {
    guard let joining else { return }
    var notice = JoinNotice()
    notice.isActive = true
    notice.synchronizes = synchronizes
    notice.sendsBuffers = sendsBuffers
    notice.isTraining = module.isTraining
    notice.recordsGraph = isGradEnabled
    take(try joining.exchange(notice), joining.options)
  }

  private func take(_ notices: [JoinNotice], _ options: JoinOptions) {
    let active = notices.indices.filter { notices[$0].isActive }
    reducer.leader = active.first ?? 0
    reducer.correction =
      options.division == .effectiveWorldSize ? Double(group.size) / Double(active.count) : 1
  }

  /// Takes part in a pass with zeros.
  public func shadowPass(_ notices: [JoinNotice]) throws {
    guard let joining else { return }
    hasShadowed = true
    take(notices, joining.options)
    let pass = notices[reducer.leader]
    if pass.sendsBuffers { try replicas.broadcastBuffers(root: reducer.leader) }
    mustSyncBuffers = pass.synchronizes
    if pass.isTraining {
      for synchronizer in synchronizers {
        synchronizer.shadowPass(backward: pass.recordsGraph)
      }
    }
    if pass.synchronizes { try reducer.shadowPass() }
  }

  /// Takes over the last joiner's parameters and buffers, and lets go of the gradients of others'
  /// passes: this rank's next pass begins without any.
  public func finishJoin(lastJoiner: Int) throws {
    try replicas.broadcast(root: lastJoiner)
    (reducer.leader, reducer.correction) = (0, 1)
    if hasShadowed { for (_, parameter) in replicas.parameters { parameter.grad = nil } }
    hasShadowed = false
  }
}
