/// A section that has the keys of another one among its own: the same with another default, or with
/// further keys. They are stated once, and read and set as if they stood here.
///
/// ```swift
/// struct AdamWOptions: ExtendingSection {
///   var base = AdamOptions()
///   init() { base.weightDecay = 0.01 }
/// }
/// AdamWOptions().lr       // 0.001
/// ```
@dynamicMemberLookup
public protocol ExtendingSection: ConfigurationSection {
  /// The other section.
  associatedtype Base: ConfigurationSection
  /// The values of its keys, whose initial ones are the defaults here.
  var base: Base { get set }
}

extension ExtendingSection {
  /// A value of the other section.
  public subscript<Value>(dynamicMember property: WritableKeyPath<Base, Value>) -> Value {
    get { base[keyPath: property] }
    set { base[keyPath: property] = newValue }
  }

  /// The other section's keys as keys of this one.
  public static var baseFields: [Field<Self>] { Base.fields.map { $0.within(\.base) } }
  /// No further keys, unless a section states some.
  public static var fields: [Field<Self>] { baseFields }
  /// The other section's.
  public var conflicts: [(key: String, problem: String, remedy: String)] { base.conflicts }
}

extension Field {
  /// The same key of a section that holds this one's as a property.
  public func within<Outer>(
    _ property: WritableKeyPath<Outer, Section> & Sendable
  ) -> Field<Outer> {
    Field<Outer>(
      name: name, isRequired: isRequired,
      read: { [read] outer, node, path throws(ConfigurationError) in
        try read(&outer[keyPath: property], node, path)
      },
      write: { [write] in write($0[keyPath: property]) },
      describe: { [describe] in describe($0[keyPath: property], $1) })
  }
}
