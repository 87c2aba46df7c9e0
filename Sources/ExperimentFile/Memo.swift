import Synchronization

/// A cache for values that the experiments of one file share: the newest value of each kind,
/// with the key from which it was computed.
///
///     let data = try memo.value(for: DataKey(experiment)) { try experiment.data.load(…) }
///
/// A kind is a pair of a key type and a value type. Only the newest value is kept, because the
/// data of a trial may fill half of the memory. The trials of a sweep are composed in an order
/// in which neighbors share the most.
public final class Memo: Sendable {
  private final class Entry<Key: Equatable & Sendable, Value: Sendable>: Sendable {
    let key: Key
    let value: Value

    init(_ key: Key, _ value: Value) {
      self.key = key
      self.value = value
    }
  }

  /// A computation for which other threads wait.
  private final class Computation<Key: Equatable & Sendable, Value>: Sendable {
    let key: Key
    let turn = Mutex(())

    init(_ key: Key) { self.key = key }
  }

  private typealias ByKind = [ObjectIdentifier: any Sendable & AnyObject]
  private let entries = Mutex<ByKind>([:])
  private let computations = Mutex<ByKind>([:])

  public init() {}

  /// The last value, if it was computed from an equal key; otherwise the result of `compute`,
  /// which must be the same for equal keys. If it throws, the cache does not change. A thread waits
  /// while another computes the value of an equal key, but not for other keys.
  public func value<Key: Equatable & Sendable, Value: Sendable>(
    for key: Key, _ compute: () throws -> Value
  ) rethrows -> Value {
    if let newest: Value = newest(for: key) { return newest }
    let computation: Computation<Key, Value> = newestComputation(for: key)
    return try computation.turn.withLock { _ in
      if let newest: Value = newest(for: key) { return newest }
      let value = try compute()
      entries.withLock { $0[ObjectIdentifier(Entry<Key, Value>.self)] = Entry(key, value) }
      return value
    }
  }

  /// The last value, if it was computed from an equal key.
  public func newest<Key: Equatable & Sendable, Value: Sendable>(for key: Key) -> Value? {
    let kind = ObjectIdentifier(Entry<Key, Value>.self)
    let newest = entries.withLock { $0[kind] } as? Entry<Key, Value>
    return newest.flatMap { $0.key == key ? $0.value : nil }
  }

  private func newestComputation<Key: Equatable & Sendable, Value>(
    for key: Key
  ) -> Computation<Key, Value> {
    let kind = ObjectIdentifier(Computation<Key, Value>.self)
    return computations.withLock { computations in
      if let newest = computations[kind] as? Computation<Key, Value>, newest.key == key {
        return newest
      }
      let computation = Computation<Key, Value>(key)
      computations[kind] = computation
      return computation
    }
  }
}

extension Memo? {
  /// As ``Memo/value(for:_:)``. Without a memo, the key is not created.
  public func value<Key: Equatable & Sendable, Value: Sendable>(
    for key: @autoclosure () -> Key, _ compute: () throws -> Value
  ) rethrows -> Value {
    try self?.value(for: key(), compute) ?? compute()
  }
}
