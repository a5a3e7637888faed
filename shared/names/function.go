package names

// Stack is the CloudFormation stack. Functions and state machines are called
// Stack + "-" + their own name.
const Stack = "headwater"

// Functions: the directory under functions/ and, with the stack's prefix, the
// name of the Lambda function.
const (
	Authorizer = "authorizer"
	API        = "api"
	Lookup     = "lookup"
	Check      = "check"
	Discover   = "discover"
	Roster     = "roster"
	Claim      = "claim"
	Plan       = "plan"
	Extract    = "extract"
	Commit     = "commit"
	Settle     = "settle"
	Maintain   = "maintain"
)

// State machines: the file under statemachines/ without its ending and, with
// the stack's prefix, the name of the state machine.
const (
	ValidateConnection = "validate-connection"
	RefreshSchema      = "refresh-schema"
	RunImport          = "run-import"
	DispatchImports    = "dispatch-imports"
	DailyUpkeep        = "daily-upkeep"
	MaintainLake       = "maintain-lake"
)
