import Synchronization

/// What the experiments of one file compute alike: the newest value of each kind, with
/// the key that it was computed from.
///
///     let data = try memo.value(for: DataKey(experiment)) { try experiment.data.load(…) }
///
/// A kind is a type of keys and a type of values. Only the newest value is held, because
/// the data of a trial may fill half the memory; the trials of a sweep are composed in
/// such an order that neighbors have most in common.
public final class Memo: Sendable {
  private final class Entry<Key: Equatable & Sendable, Value: Sendable>: Sendable {
    let key: Key
    let value: Value

    init(_ key: Key, _ value: Value) {
      self.key = key
      self.value = value
    }
  }

  private let entries = Mutex<[ObjectIdentifier: any Sendable & AnyObject]>([:])

  public init() {}

  /// The value that was last computed, if it was from an equal key; otherwise what
  /// `compute` returns, which it must for every equal key. If it throws, the memo stays
  /// as it is. Several threads may compute at once.
  public func value<Key: Equatable & Sendable, Value: Sendable>(
    for key: Key, _ compute: () throws -> Value
  ) rethrows -> Value {
    let kind = ObjectIdentifier(Entry<Key, Value>.self)
    let newest = entries.withLock { $0[kind] } as? Entry<Key, Value>
    if let newest, newest.key == key { return newest.value }
    let value = try compute()
    entries.withLock { $0[kind] = Entry(key, value) }
    return value
  }
}

extension Memo? {
  /// As ``Memo/value(for:_:)``; without a memo, the key is not even made.
  public func value<Key: Equatable & Sendable, Value: Sendable>(
    for key: @autoclosure () -> Key, _ compute: () throws -> Value
  ) rethrows -> Value {
    try self?.value(for: key(), compute) ?? compute()
  }
}
