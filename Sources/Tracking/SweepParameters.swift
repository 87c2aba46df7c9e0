/// The parameters of a sweep as the plugin `hparams` of TensorBoard shows them.
///
/// Source: `plugin_data.proto` and `api.proto` of the plugin.
public struct SweepParameters: Sendable {
  private let names: [String]
  private let columns: [String]
  private let trials: [[String]]

  /// - Parameters:
  ///   - names: the parameters that the sweep varies.
  ///   - columns: the columns of metrics.csv that the page shows.
  ///   - trials: the parameters' values in each trial.
  public init(_ names: [String], columns: [String], trials: [[String]]) {
    self.names = names
    self.columns = columns
    self.trials = trials
  }

  /// The event file of the sweep's folder: its parameters, their values and the columns.
  public func experiment(time: Double) -> [UInt8] {
    var data = ProtocolBuffer()
    data.message(2) { experiment in
      experiment.double(3, time)
      for (index, name) in names.enumerated() {
        let values = trials.map { $0[index] }
        let isNumeric = values.allSatisfy { Double($0) != nil }
        experiment.message(4) { info in
          info.text(1, name)
          info.varint(4, isNumeric ? 3 : 1)
          info.message(5) { domain in
            var seen: Set<String> = []
            for value in values where seen.insert(value).inserted {
              domain.bytes(1, SweepParameters.value(value, isNumeric: isNumeric))
            }
          }
        }
      }
      for column in columns {
        experiment.message(5) { info in info.message(1) { $0.text(2, column) } }
      }
    }
    return file("_hparams_/experiment", data, time: time)
  }

  /// The event file of a trial's folder: its values and its result.
  ///
  /// - Parameter succeeded: nil if the trial has not ended. The file is then the beginning of that
  ///   of the ended trial.
  public func trial(
    _ values: [String], name: String, start: Double, end: Double, succeeded: Bool?
  ) -> [UInt8] {
    var begin = ProtocolBuffer()
    begin.message(3) { session in
      for (index, value) in values.enumerated() {
        let isNumeric = trials.allSatisfy { Double($0[index]) != nil }
        session.message(1) { entry in
          entry.text(1, names[index])
          entry.bytes(2, SweepParameters.value(value, isNumeric: isNumeric))
        }
      }
      session.text(4, name)
      session.double(5, start)
    }
    let beginning = file("_hparams_/session_start_info", begin, time: start)
    guard let succeeded else { return beginning }
    var finish = ProtocolBuffer()
    finish.message(4) { session in
      session.varint(1, succeeded ? 1 : 2)
      session.double(2, end)
    }
    var event = Event(epoch: 0, time: end)
    event.add("_hparams_/session_end_info", plugin: "hparams", finish.bytes)
    return beginning + event.record
  }

  private func file(_ tag: String, _ data: ProtocolBuffer, time: Double) -> [UInt8] {
    var event = Event(epoch: 0, time: time)
    event.add(tag, plugin: "hparams", data.bytes)
    return Event.version(time: time) + event.record
  }

  /// A `google.protobuf.Value`.
  private static func value(_ text: String, isNumeric: Bool) -> [UInt8] {
    var value = ProtocolBuffer()
    if isNumeric, let number = Double(text) {
      value.double(2, number)
    } else {
      value.text(3, text)
    }
    return value.bytes
  }
}
