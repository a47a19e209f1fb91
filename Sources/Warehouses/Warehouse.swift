/// A program that loads the lake's files.
public enum Warehouse: String, Sendable, CaseIterable {
    case duckdb, postgres, clickhouse, snowflake, bigquery, redshift, spark

    /// The name as its makers write it.
    public var title: String {
        switch self {
        case .duckdb: "DuckDB"
        case .postgres: "PostgreSQL"
        case .clickhouse: "ClickHouse"
        case .snowflake: "Snowflake"
        case .bigquery: "BigQuery"
        case .redshift: "Amazon Redshift"
        case .spark: "Spark SQL"
        }
    }

    /// How it loads.
    var loader: any Loader {
        switch self {
        case .duckdb: DuckDBLoader()
        case .postgres: PostgresLoader()
        case .clickhouse: ClickHouseLoader()
        case .snowflake: SnowflakeLoader()
        case .bigquery: BigQueryLoader()
        case .redshift: RedshiftLoader()
        case .spark: SparkLoader()
        }
    }
}
