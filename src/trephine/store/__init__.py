"""What a run leaves on disk so that it can go on: features, and answers of finished tasks."""

from trephine.store.features import FeatureStore, StoredFeatures, feature_key
from trephine.store.tasks import TaskLedger

__all__ = ["FeatureStore", "StoredFeatures", "TaskLedger", "feature_key"]
