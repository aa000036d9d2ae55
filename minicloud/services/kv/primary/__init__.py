"""Primary-backup replication: asynchronous, semi-synchronous, synchronous."""

from minicloud.services.kv.primary.spec import PrimaryBackup, PrimaryBackupStore

__all__ = ["PrimaryBackup", "PrimaryBackupStore"]
