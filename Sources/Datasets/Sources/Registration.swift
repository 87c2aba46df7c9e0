public import NNExp

/// Registers the shipped sources and column types, and the initializer that reads a file.
public func registerDatasets(in registry: inout Registry) {
  registry.register(InlineData.self)
  registry.register(CSVDeclaration.self)
  registry.register(IDXSource.self)
  registry.register(NPYSource.self)
  registry.register(NPZSource.self)
  registry.register(GeneratedData.self)
  registry.register(NumberColumn.self)
  registry.register(CategoryColumn.self)
  registry.register(BooleanColumn.self)
  registry.register(DateColumn.self)
  registry.register(TextColumn.self)
  registry.register(FileInitializer.self)
}
