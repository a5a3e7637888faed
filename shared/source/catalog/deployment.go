package catalog

import "strings"

// DeploymentNetwork is a command that prints the subnets and security groups of
// the deployment's functions. By default they are in no VPC, and it prints none.
const DeploymentNetwork = "aws lambda get-function-configuration --function-name headwater-check --query VpcConfig"

// ReachHosts are commands that tell why the deployment does not reach hosts of a platform.
func ReachHosts(hosts ...string) string {
	lines := []string{
		"# The subnets of the deployment's functions; by default they are in no VPC.",
		DeploymentNetwork,
		"# To run on a host in these subnets: any number but 000 says that the platform answers.",
	}
	for _, host := range hosts {
		lines = append(lines, `curl -sS -o /dev/null -w '%{http_code}\n' https://`+host)
	}
	return strings.Join(lines, "\n")
}
