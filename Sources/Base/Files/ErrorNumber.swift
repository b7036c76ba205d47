import Foundation

extension Error {
  /// The `errno` behind an error of Foundation's file functions; EIO where there is none.
  package var errorNumber: Int32 {
    // An error of Swift's own: as `NSError` it is not found on Linux.
    let cause = (self as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    return (cause as NSError?).map { Int32($0.code) } ?? EIO
  }
}

/// An error whose cause is the system's.
package protocol SystemError: Error {
  /// The `errno`, where there is one.
  var systemError: Int32? { get }
}

extension Error {
  /// Whether writing fails in the same way until somebody makes room, or gives rights.
  package var needsRoomOrRights: Bool {
    [ENOSPC, EDQUOT, EACCES, EPERM, EROFS].contains((self as? any SystemError)?.systemError)
  }
}
