#pragma once

#include "region/objects/authorization.hpp"

#include <map>
#include <string>
#include <vector>

namespace cloudshelf::objects {

/// What conditions of policies may ask of a request (Amazon S3, "Actions, resources, and condition keys"; IAM User
/// Guide, "AWS global condition context keys"): keys in lower case. Of the global ones aws:SecureTransport,
/// aws:SourceIp (where the peer's address is known), aws:CurrentTime, aws:EpochTime, aws:UserAgent, aws:Referer,
/// aws:username, aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType; of S3's all that a request's headers and
/// query say, its signature, tags that it sets, and those of the object that is there.
std::map<std::string, std::vector<std::string>, std::less<>> policy_context(const AccessRequest& request);

}  // namespace cloudshelf::objects
