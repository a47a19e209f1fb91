/// The program itself.
public enum Program {
    /// The version, as `--version`, plans and requests name it.
    public static let version = "0.1.0"
}
