//go:build crosscheck

package secretsmanager_test

func stageReturnType(r *replay, _ string) {
	v1 := r.first("create_secret_rs_0", "S1")
	v2 := r.put("put_secret_value_res_0", "S2", "AWSPENDING")
	r.moveCurrent("update_secret_version_stage_res_0", v1, v2)
	r.delete("delete_secret_res_0", "first")
}

// first makes the secret with its first value and returns the version.
func (r *replay) first(step, value string) string {
	r.t.Helper()
	id, _ := r.create(step, object{"SecretString": value})["VersionId"].(string)
	return id
}

func currentPrevious(r *replay, _ string) {
	r.first("create_secret_rs_0", "S1")
	r.versions("list_secret_version_ids_res_0")
	r.step("update_secret_res_0", "UpdateSecret", r.with(object{"SecretId": "first", "SecretString": "S2"}))
	r.versions("list_secret_version_ids_res_1")
	r.delete("delete_secret_res_0", "first")
}

func currentPending(r *replay, _ string) {
	v1 := r.first("create_secret_rs_0", "S1")
	v2 := r.put("put_secret_value_res_0", "S2", "AWSPENDING")
	r.versions("list_secret_version_ids_res_0")
	r.moveCurrent("update_secret_version_stage_res_0", v1, v2)
	r.versions("list_secret_version_ids_res_1")
	r.put("put_secret_value_res_1", "S3")
	r.versions("list_secret_version_ids_res_2")
	r.delete("delete_secret_res_0", "first")
}

// pendingCycle moves AWSCURRENT a second time under the name put_secret_value_res_2.
func pendingCycle(r *replay, _ string) {
	v1 := r.first("create_secret_rs_0", "S1")
	v2 := r.put("put_secret_value_res_0", "S2", "AWSPENDING")
	r.versions("list_secret_version_ids_res_0")
	r.get("get_secret_value_res_0", nil)
	r.moveCurrent("update_secret_version_stage_res_0", v1, v2)
	r.versions("list_secret_version_ids_res_1")
	r.get("get_secret_value_res_1", nil)
	v3 := r.put("put_secret_value_res_1", "S3", "AWSPENDING")
	r.versions("list_secret_version_ids_res_2")
	r.get("get_secret_value_res_2", nil)
	r.moveCurrent("put_secret_value_res_2", v2, v3)
	r.versions("list_secret_version_ids_res_3")
	r.get("get_secret_value_res_3", nil)
	r.delete("delete_secret_res_0", "first")
}

func customStages1(r *replay, _ string) {
	v1 := r.first("create_secret_rs_0", "S1")
	v2 := r.put("put_secret_value_res_0", "S2", "AWSPENDING", "AWSSOMETHING", "PUT1")
	r.versions("list_secret_version_ids_res_0")
	r.get("get_secret_value_res_0", nil)
	r.moveCurrent("update_secret_version_stage_res_0", v1, v2)
	r.versions("list_secret_version_ids_res_1")
	r.get("get_secret_value_res_1", nil)
	v3 := r.put("put_secret_value_res_1", "S3", "AWSPENDING", "PUT2")
	r.versions("list_secret_version_ids_res_2")
	r.get("get_secret_value_res_2", nil)
	r.moveCurrent("update_secret_version_stage_res_1", v2, v3)
	r.versions("list_secret_version_ids_res_3")
	r.get("get_secret_value_res_3", nil)
	r.delete("delete_secret_res_0", "first")
}

func customStages2(r *replay, _ string) {
	r.first("create_secret_rs_0", "SS")
	v2 := r.put("put_secret_value_res_0", "S1", "AWSCURRENT", "PUT0")
	r.versions("list_secret_version_ids_res_0")
	v3 := r.put("put_secret_value_res_1", "S2", "AWSPENDING", "PUT1")
	r.versions("list_secret_version_ids_res_1")
	r.get("get_secret_value_res_0", nil)
	r.moveCurrent("update_secret_version_stage_res_0", v2, v3)
	r.versions("list_secret_version_ids_res_2")
	r.get("get_secret_value_res_1", nil)
	v4 := r.put("put_secret_value_res_2", "S3", "AWSPENDING", "PUT2")
	r.versions("list_secret_version_ids_res_3")
	r.get("get_secret_value_res_2", nil)
	r.moveCurrent("update_secret_version_stage_res_1", v3, v4)
	r.versions("list_secret_version_ids_res_4")
	r.get("get_secret_value_res_3", nil)
	r.delete("delete_secret_res_0", "first")
}

func customStages3(r *replay, _ string) {
	v1 := r.first("create_secret_rs", "SS")
	v2 := r.put("put_secret_value_res_0", "S1", "PENDING")
	r.versions("list_secret_version_ids_rs")
	both := func(suffix string) {
		r.get("get_secret_value_v1_rs"+suffix, object{"VersionId": v1})
		r.get("get_secret_value_v2_rs"+suffix, object{"VersionId": v2})
	}
	both("")
	r.moveCurrent("update_secret_version_stage_res_1", v1, v2)
	both("_1")
	r.step("update_secret_version_stage_res_2", "UpdateSecretVersionStage", object{"SecretId": "first", "VersionStage": "PENDING", "RemoveFromVersionId": v2})
	both("_2")
	r.delete("delete_secret_res_0", "first")
}

func replaceStages(r *replay, _ string) {
	r.first("create_secret_rs_0", "S1")
	r.put("put_secret_value_res_0", "S2", "one", "two", "three")
	r.versions("list_secret_version_ids_res_0")
	r.put("put_secret_value_res_1", "S3", "one", "two", "three", "four")
	r.versions("list_secret_version_ids_res_1")
	r.delete("delete_secret_res_0", "first")
}

func keepStage(r *replay, _ string) {
	r.first("create_secret_rs_0", "S1")
	r.put("put_secret_value_res_0", "S2", "one", "two", "three")
	r.versions("list_secret_version_ids_res_0")
	r.put("put_secret_value_res_1", "S3", "one", "two", "four")
	r.versions("list_secret_version_ids_res_1")
	r.delete("delete_secret_res_0", "first")
}

func deprecated(r *replay, _ string) {
	r.first("create_secret", "S1")
	r.versions("list_secret_version_ids")
	r.put("put_secret_value_1", "S2")
	r.versions("list_secret_version_ids_1")
	r.put("put_secret_value_2", "S3")
	r.versions("list_secret_version_ids_2")
	r.allVersions("list_secret_version_ids_3")
	r.put("put_secret_value_3", "S4")
	r.versions("list_secret_version_ids_4")
	r.allVersions("list_secret_version_ids_5")
}

// The laptop stack does not rotate: the first rotation is refused, and what AWS showed after it is not looked at.

func (r *replay) rotation(steps ...string) {
	r.t.Helper()
	out := r.send("RotateSecret", r.with(object{"SecretId": "first", "RotationLambdaARN": "arn:aws:lambda:us-east-1:111111111111:function:rotate"}))
	if out["__type"] != "NotImplementedException" {
		r.t.Errorf("a rotation is not refused: %v", out)
	}
	r.refused = true
	for _, step := range steps {
		r.done[step] = true
	}
}

func rotate(r *replay, _ string) {
	r.create("", object{"SecretString": "s"})
	r.rotation("rotate_secret_immediately", "describe_secret_rotated", "list_secret_versions_rotated_1")
}

func rotateTwice(r *replay, _ string) {
	r.create("", object{"SecretString": "s"})
	r.rotation("rotate_secret_immediately_1", "describe_secret_rotated_1", "list_secret_versions_rotated_1_1",
		"rotate_secret_immediately_2", "describe_secret_rotated_2", "list_secret_versions_rotated_1_2")
}

func rotateInvalid(r *replay, _ string) {
	r.first("create_secret", "s")
	r.rotation("rotate_secret_invalid_arn_exc")
	r.describe("describe_secret")
}

func rotateMissing(r *replay, _ string) {
	r.first("create_secret", "s")
	r.rotation("rotate_secret_no_arn_exc")
	r.describe("describe_secret")
}
