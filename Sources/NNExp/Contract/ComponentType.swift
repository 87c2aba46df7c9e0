/// One entry of a registry: a name, and how to make a value of it from options.
public struct ComponentType<Value: Sendable>: Sendable {
  /// The values that only documentation and tests need. They are computed on demand, because
  /// most runs of the program need none of them.
  public struct Details: Sendable {
    /// See `Component.documentation`, `Component.examples` and `Component.foreignNames`.
    public var documentation: Documentation
    public var examples: [Example]
    public var foreignNames: [String]

    public init(
      documentation: Documentation = Documentation(), examples: [Example] = [],
      foreignNames: [String] = []
    ) {
      self.documentation = documentation
      self.examples = examples
      self.foreignNames = foreignNames
    }
  }

  /// `dense`, as after `type:` in an experiment file.
  public let name: String

  /// The option that a text gives instead of a mapping.
  public let shorthand: String?

  /// Reads the options and makes the value. Errors are recorded in the options.
  public let make: @Sendable (inout Options) throws -> Value

  private let details: @Sendable () -> Details

  /// Creates an entry, for example for a type of another language.
  ///
  /// - Parameters:
  ///   - details: returns the description and the examples. Called on demand.
  ///   - make: reads the options and makes the value.
  public init(
    _ name: String, details: @escaping @Sendable () -> Details, shorthand: String? = nil,
    make: @escaping @Sendable (inout Options) throws -> Value
  ) {
    self.name = name
    self.details = details
    self.shorthand = shorthand
    self.make = make
  }

  /// The entry of a Swift type.
  public init<T: Component>(_ type: T.Type) where T.Erased == Value {
    self.init(
      T.typeName,
      details: {
        Details(
          documentation: T.documentation, examples: T.examples, foreignNames: T.foreignNames)
      },
      shorthand: T.shorthand, make: { try T(from: &$0).erased })
  }

  public var documentation: Documentation { details().documentation }
  public var examples: [Example] { details().examples }
  public var foreignNames: [String] { details().foreignNames }

  /// A copy of the entry that makes its values with another function.
  public func making(
    _ make: @escaping @Sendable (inout Options) throws -> Value
  ) -> ComponentType {
    ComponentType(name, details: details, shorthand: shorthand, make: make)
  }

  /// Makes a value from a declaration. Throws every error in its options, including unread
  /// keys.
  public func value(_ declaration: ConfigValue = ConfigValue(.null)) throws -> Value {
    var options = Options(declaration)
    let value = try make(&options)
    try options.finish()
    return value
  }

  /// The options that the type reads.
  public var options: [Options.Description] {
    var options = Options()
    _ = try? make(&options)
    return options.descriptions
  }
}
