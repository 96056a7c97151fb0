target_sources(test_proxy_tls PRIVATE ${PROJECT_SOURCE_DIR}/tests/proxy/tls/made_certificates.cc)
target_include_directories(test_proxy_tls PRIVATE ${PROJECT_SOURCE_DIR})
