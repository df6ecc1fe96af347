// The dashboards of observability/grafana/dashboards: Grafana's own types, with the panels that are used here.
import * as raw from "./node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen";
import * as bargauge from "./node_modules/@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/types.gen";
import * as stat from "./node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen";
import * as timeseries from "./node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen";

// A query of the Prometheus data source, whose types are in no package.
interface PrometheusQuery {
  datasource: raw.DataSourceRef;
  expr: string;
  refId: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
}

interface PanelOf<Type extends string, Options, Custom>
  extends Omit<raw.Panel, "type" | "options" | "targets" | "fieldConfig"> {
  type: Type;
  id: number;
  title: string;
  description: string;
  gridPos: raw.GridPos;
  datasource: raw.DataSourceRef;
  options: Options;
  targets: PrometheusQuery[];
  fieldConfig: {
    defaults: Omit<raw.FieldConfig, "custom"> & { unit: string; custom?: Custom };
    overrides: raw.FieldConfigSource["overrides"];
  };
}

type Panel =
  | PanelOf<"timeseries", timeseries.Options, Partial<timeseries.FieldConfig>>
  | PanelOf<"stat", stat.Options, Record<string, never>>
  | PanelOf<"bargauge", bargauge.Options, Record<string, never>>;

export interface CallyticsDashboard extends Omit<raw.Dashboard, "panels"> {
  uid: string;
  title: string;
  description: string;
  panels: Panel[];
}
