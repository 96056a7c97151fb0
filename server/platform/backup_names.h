// How the members of a backup are called (docs/formats.md).
#pragma once

#include <string>

namespace dokku::server {

inline const std::string kManifestMember = "manifest";
inline const std::string kRowsMember = "rows/";  // and the table
inline const std::string kBuildEnvMember = "settings/build.env";
inline const std::string kEnvFileMember = "env-file/";       // and the app
inline const std::string kSourceMember = "source/";          // and Release::source_file
inline const std::string kLayerMember = "layer/";            // and the digest
inline const std::string kRepositoryMember = "repository/";  // and the app; a git bundle
inline const std::string kVolumeMember = "volume/";          // and the folder, and what is below

}  // namespace dokku::server
