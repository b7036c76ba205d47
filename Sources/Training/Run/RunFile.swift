import Foundation

/// Small files of a run.
enum RunFile {
  static func write(_ contents: Data, to path: String) throws(RunLogError) {
    do {
      try contents.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .cannotWrite(path, errno: (error as NSError).posixCode)
    }
  }
}

extension NSError {
  fileprivate var posixCode: Int32 {
    let cause = userInfo[NSUnderlyingErrorKey] as? NSError
    return Int32(cause?.code ?? Int(EIO))
  }
}
