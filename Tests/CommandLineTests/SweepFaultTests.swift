import Foundation
import TestSupport
import Testing

/// Fault 47 and similar ones: errors in the section `sweep`, with exact texts. Nothing is
/// created.
@Suite struct SweepFaultTests {
  @Test(arguments: [
    (
      #"{}"#,
      """
      error: there is nothing to sweep over in 'x.yaml'
      note: give it a sweep: block, or run nnexp sweep x.yaml 'seed=range(0,16)'

      """
    ),
    (
      #"3"#,
      """
      x.yaml:8:8: error: expected a mapping, found the number 3
          sweep: 3
                 ^

      """
    ),
    (
      #"{grid: {}}"#,
      """
      x.yaml:8:15: error: grid must be a mapping from paths to values, found an empty one
          sweep: {grid: {}}
                        ^

      """
    ),
    (
      #"{grid: {train.epochs: []}}"#,
      """
      x.yaml:8:30: error: 'train.epochs' has no values, so that the sweep has 0 trials; give it \
      at least one
          sweep: {grid: {train.epochs: []}}
                                       ^

      """
    ),
    (
      #"{grid: {train.epochs: [1, 2, 1]}}"#,
      """
      x.yaml:8:37: error: 'train.epochs' has the value 1 twice; remove one
          sweep: {grid: {train.epochs: [1, 2, 1]}}
                                              ^
      x.yaml:8:31: note: the first one is here
          sweep: {grid: {train.epochs: [1, 2, 1]}}
                                        ^

      """
    ),
    (
      #"{grid: {train.epochs: 5}}"#,
      """
      x.yaml:8:30: error: the values of 'train.epochs' must be a list or range(first,end), found \
      the number 5
          sweep: {grid: {train.epochs: 5}}
                                       ^

      """
    ),
    (
      #"{grid: {train.epochs: [10, ten]}}"#,
      """
      x.yaml:8:35: error: epochs must be an integer ≥ 1, found the text 'ten'
          sweep: {grid: {train.epochs: [10, ten]}}
                                            ^
      note: in trial 2: train.epochs=ten

      """
    ),
    (
      #"{grid: {train.epochs: [10, 20], train.epoch: [1, 2]}}"#,
      """
      x.yaml:8:46: error: the file has no 'train.epoch'; did you mean 'epochs'?
          sweep: {grid: {train.epochs: [10, 20], train.epoch: [1, 2]}}
                                                       ^
      note: in trial 1: train.epochs=10 train.epoch=1

      """
    ),
    (
      #"{grid: {train.epochs: "range(0,1000)", seed: "range(0,1000)", model.hidden.units: "range(0,1000)"}}"#,
      """
      x.yaml:8:8: error: the sweep has 1000000000 trials; at most 100000 can be run
          sweep: {grid: {train.epochs: "range(0,1000)", seed: "range(0,1000)", \
      model.hidden.units: "range(
                 ^
      note: sample them: {sample: {method: sobol, count: 100, parameters: …}}

      """
    ),
    (
      #"{grid: {train.epochs: "range(9,1)"}}"#,
      """
      x.yaml:8:30: error: 'train.epochs': range(9,1) contains no number, so that the sweep has 0 \
      trials; the end is not part of it
          sweep: {grid: {train.epochs: "range(9,1)"}}
                                       ^

      """
    ),
    (
      #"{grid: {train.epochs: "range(1,x)"}}"#,
      """
      x.yaml:8:30: error: 'train.epochs': a range is range(first,end) or range(first,end,step) \
      of integers with step ≥ 1, found 'range(1,x)'
          sweep: {grid: {train.epochs: "range(1,x)"}}
                                       ^

      """
    ),
    (
      #"{zip: {train.epochs: [1, 2], seed: [1, 2, 3]}}"#,
      """
      x.yaml:8:43: error: 'seed' has 3 values and 'train.epochs' 2; zipped paths have equally many
          sweep: {zip: {train.epochs: [1, 2], seed: [1, 2, 3]}}
                                                    ^

      """
    ),
    (
      #"{list: []}"#,
      """
      x.yaml:8:15: error: list has no elements, so that the sweep has 0 trials; give it at least \
      one
          sweep: {list: []}
                        ^

      """
    ),
    (
      #"{list: [{train.epochs: 1}, {train.epochs: 1}]}"#,
      """
      x.yaml:8:50: error: trials 1 and 2 are the same experiment; a sweep runs each once
          sweep: {list: [{train.epochs: 1}, {train.epochs: 1}]}
                                                           ^
      note: in trial 2: train.epochs=1

      """
    ),
    (
      #"{list: [train.epochs]}"#,
      """
      x.yaml:8:16: error: an element of list must be a mapping from paths to values, found the \
      text 'train.epochs'
          sweep: {list: [train.epochs]}
                         ^

      """
    ),
    (
      #"{grid: {train.epochs: [1, 2]}, zip: {train.epochs: [3, 4]}}"#,
      """
      x.yaml:8:45: error: 'train.epochs' is swept over twice; remove one
          sweep: {grid: {train.epochs: [1, 2]}, zip: {train.epochs: [3, 4]}}
                                                      ^

      """
    ),
    (
      #"{gird: {train.epochs: [1, 2]}, repeat: 0}"#,
      """
      x.yaml:8:47: error: repeat must be an integer from 1 to 100000, found the number 0
          sweep: {gird: {train.epochs: [1, 2]}, repeat: 0}
                                                        ^
      x.yaml:8:9: error: unknown key 'gird'; did you mean 'grid'?
          sweep: {gird: {train.epochs: [1, 2]}, repeat: 0}
                  ^
      2 errors

      """
    ),
    (
      #"{grid: {train.epochs: [1, 2]}, exclude: [{train.epochs: "<= 2"}]}"#,
      """
      x.yaml:8:8: error: the sweep has 0 trials: every combination is excluded
          sweep: {grid: {train.epochs: [1, 2]}, exclude: [{train.epochs: "<= 2"}]}
                 ^

      """
    ),
    (
      #"{grid: {train.epochs: [1, 2]}, exclude: [{train.epoch: 1}]}"#,
      """
      x.yaml:8:50: error: 'train.epoch' is not swept over; did you mean 'train.epochs'?
          sweep: {grid: {train.epochs: [1, 2]}, exclude: [{train.epoch: 1}]}
                                                           ^

      """
    ),
    (
      #"{sample: {method: sobl, count: 0, parameters: {train.epochs: {integer: [1, 2]}}}}"#,
      """
      x.yaml:8:26: error: method must be one of: random, halton, sobol, found the text 'sobl'; \
      did you mean 'sobol'?
          sweep: {sample: {method: sobl, count: 0, parameters: {train.epochs: {integer: [1, 2]}}}}
                                   ^
      x.yaml:8:39: error: count must be an integer ≥ 1, found the number 0
          sweep: {sample: {method: sobl, count: 0, parameters: {train.epochs: {integer: [1, 2]}}}}
                                                ^
      2 errors

      """
    ),
    (
      #"{sample: {count: 5}}"#,
      """
      x.yaml:8:17: error: missing 'parameters': a mapping from paths to distributions
          sweep: {sample: {count: 5}}
                          ^

      """
    ),
    (
      #"{sample: {count: 1000000000, parameters: {seed: {integer: [1, 20]}}}}"#,
      """
      x.yaml:8:25: error: the sweep has 1000000000 trials; at most 100000 can be run
          sweep: {sample: {count: 1000000000, parameters: {seed: {integer: [1, 20]}}}}
                                  ^
      note: sample them: {sample: {method: sobol, count: 100, parameters: …}}

      """
    ),
    (
      #"{repeat: 2, expect: {bets: {train_loss: "< 1"}, best: {train_loss: 5}, fraction: {complete: "> 0.5"}}}"#,
      """
      x.yaml:8:29: error: unknown statistic 'bets'; did you mean 'best'?
          sweep: {repeat: 2, expect: {bets: {train_loss: "< 1"}, best: {train_loss: 5}, \
      fraction: {complet
                                      ^
      note: the statistics are: best, worst, mean, median, fraction
      x.yaml:8:75: error: train_loss must be a bound such as "< 0.01" or ">= 0.9", found the \
      number 5
          {train_loss: "< 1"}, best: {train_loss: 5}, fraction: {complete: "> 0.5"}}}
                                                  ^
      x.yaml:8:90: error: unknown status 'complete'; did you mean 'completed'?
           1"}, best: {train_loss: 5}, fraction: {complete: "> 0.5"}}}
                                                  ^
      note: the statuses are: pending, running, completed, fell_short, failed, interrupted, \
      stopped
      3 errors

      """
    ),
    (
      #"{repeat: 2, expect: {best: {train_los: "< 1"}}}"#,
      """
      x.yaml:8:47: error: nothing measures 'train_los'; did you mean 'train_loss'?
          sweep: {repeat: 2, expect: {best: {train_los: "< 1"}}}
                                                        ^
      note: the columns are: epochs, train_loss

      """
    ),
    (
      #"{repeat: 1000000000}"#,
      """
      x.yaml:8:17: error: repeat must be an integer from 1 to 100000, found the number 1000000000
          sweep: {repeat: 1000000000}
                          ^

      """
    ),
  ])
  func aWrongSweepBlockIsReported(_ sweep: String, _ message: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(compactExclusiveOr(seed: 4, more: "sweep: \(sweep)"), to: "x.yaml")
    let result = try tool.run("sweep", "x.yaml")
    #expect(result.code == 2)
    #expect(result.errors == message)
    #expect(tool.contents == ["x.yaml"])
  }
}
