package names

// Key attributes of the table, of its one index, and the expiry attribute.
const (
	PartitionKey     = "pk"
	SortKey          = "sk"
	WorkIndex        = "work"
	WorkPartitionKey = "work_pk"
	WorkSortKey      = "work_sk"
	ExpiryAttribute  = "ttl"
)

// What the partition keys begin with, up to and including the separator.
const (
	WorkspacePartition  = "WS#"
	ConnectionPartition = "CON#"
	ImportPartition     = "IMP#"
	RunPartition        = "RUN#"
	RunKeyPartition     = "RUNKEY#" // of its own, as a policy tells partitions apart and not what is in one
	KeyPartition        = "KEY#"
)

// What the index's partition keys begin with; a shard number follows.
const (
	WorkActiveConnection = "active-connection#"
	WorkOpen             = "open#"
	WorkDueImport        = "due-import#"
)

// SecretPrefix is the first segment of every credential's name:
// SecretPrefix/<workspace>/<connection>.
const SecretPrefix = "headwater"

// WorkspaceKeys stands in the place of a connection's id in the name of a
// workspace's own keys: SecretPrefix/<workspace>/WorkspaceKeys. No id looks like it.
const WorkspaceKeys = "workspace-keys"

// SourceRolePrefix begins the name of every role, of anybody's account, that
// Headwater may assume to read a source.
const SourceRolePrefix = "headwater-"

// FederationRole is the role of the deployment that other clouds are shown: its
// sessions are named after connections, so that a cloud can tell them apart.
const FederationRole = SourceRolePrefix + "federation"

// ConnectionIDs is what the ids of connections match, as IAM writes patterns.
const ConnectionIDs = "con_*"

// What the keys of the lake bucket begin with.
const (
	SchemaPrefix     = "schemas/"
	DiscoveryPrefix  = "discoveries/"
	UpkeepPrefix     = "upkeep/"
	RunPrefix        = "runs/"
	QuarantinePrefix = "quarantine/"
	ManifestPrefix   = "manifests/"
	LakePrefix       = "lake/"
)

// QuarantineDays is how long what a run rejected is kept.
const QuarantineDays = 90

// NamespacePrefix begins the name of every workspace's catalog namespace.
const NamespacePrefix = "ws_"
